import { commands } from "@tandem/loadmaster-api/commands";
import { refusedCommands } from "@tandem/loadmaster-api/refused-commands";
import { type SystemParameter, systemParameters } from "@tandem/loadmaster-api/system-parameters";
import { expect, test } from "vitest";
import { userFields } from "./administration/users-card.tsx";
import { securityHeaderFields } from "./certificates/security-header-card.tsx";
import { haFields } from "./ha/fields.ts";
import { lookCommands } from "./logs/debug-page.tsx";
import { hostFields } from "./settings/host-page.tsx";
import { loggingFields } from "./settings/logging-page.tsx";

const sources = Object.entries(
  import.meta.glob<string>("./**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true }),
)
  .filter(([path]) => !/\.(test|fixture)\.tsx?$/.test(path))
  .map(([, text]) => text)
  .join("\n");

/** For other units and for programs, such as one that updates a server that stands in many services; `showvs` shows the servers as well, and the first `haview` is the stream of the status. */
const notForPeople = new Set([
  "disablers",
  "enablers",
  "hajoin",
  "haleave",
  "listapi",
  "showrs",
  "vstotals",
  // Earlier and further names of others, and what has nothing to do.
  "listifconfig",
  "logging.downloadlogs",
  "logging.resetlogs",
  "resolvenow",
  "tcpdump",
  // What licenseinfo tells as well.
  "accesskey",
  "getaslinfo",
  // Lists that are always empty, and what the list of users shows.
  "grouplist",
  "listaddon",
  "usershow",
  // The wizard of other units; here the page of users sets the password.
  "set_initial_passwd",
  ...Object.keys(refusedCommands),
  ...lookCommands.map(([name]) => name),
]);

test("[LM3] every command that people give has its place on a page", () => {
  const unused = Object.keys(commands).filter(
    (name) => !notForPeople.has(name) && !new RegExp(`command\\(\\s*"${name}"`).test(sources),
  );
  expect(unused).toEqual([]);
});

/** There is nothing to choose: the API is always on. */
const withoutChoice = new Set(["enableapi"]);

test("[LM3] every parameter of the system that can be set has a field", () => {
  const shown = [
    ...haFields([]),
    ...hostFields,
    ...loggingFields,
    ...securityHeaderFields,
    ...userFields,
  ].map(({ name }) => name);
  const parameters: readonly SystemParameter[] = systemParameters;
  const missing = parameters
    .filter(({ scope, hidden }) => scope !== "status" && hidden !== true)
    .map(({ name }) => name)
    .filter((name) => !shown.includes(name) && !withoutChoice.has(name));
  expect(missing).toEqual([]);
});
