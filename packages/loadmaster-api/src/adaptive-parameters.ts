/** Parameters of the schedule `adaptive`: where servers say how loaded they are, and what the unit makes of it. */
import type { Parameter } from "./parameters.ts";

/** In the order in which `showadaptive` says it. */
export const adaptiveDefaults = {
  AdaptiveInterval: 7,
  AdaptiveURL: "/load",
  AdaptivePort: 80,
  MinPercent: 5,
} as const;

export const adaptiveParameters = [
  {
    name: "AdaptiveInterval",
    type: { kind: "integer", min: 1, max: 600, unit: "seconds" },
    about: "between two questions for a server's load; 7 by default",
  },
  {
    name: "AdaptiveURL",
    type: {
      kind: "text",
      pattern: /^\/[\x21-\x7e]{0,125}$/,
      allowed: "a path that begins with /, without blanks, up to 126 characters",
    },
    about:
      "what every server is asked for by HTTP; its answer's first line is the load: 0 idle to 100 overloaded, 101 down, 102 disabled; /load by default",
  },
  {
    name: "AdaptivePort",
    type: { kind: "integer", min: 1, max: 65_535 },
    about: "port of every server that answers; 80 by default; not 443, since it is asked without TLS",
  },
  {
    name: "MinPercent",
    type: { kind: "integer", min: 0, max: 50, unit: "percent" },
    about: "while the servers' mean load is below, their weights are those that were set; 5 by default",
  },
] as const satisfies readonly Parameter[];
