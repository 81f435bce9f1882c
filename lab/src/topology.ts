/**
 * What the lab is made of: machines (one network namespace each), their addresses, and one switch (a bridge in a
 * namespace of its own). Everything a lab puts on the host carries the prefix `tandem-<lab>-`.
 */
import type { FieldError, Result } from "@tandem/base/result";
import { err, ok } from "@tandem/base/result";

export const centralNodes = ["central1", "central2"] as const;
export const loadMasterNodes = ["lm1", "lm2"] as const;
export const webNodes = ["web1", "web2", "web3"] as const;
/** The machine that never fails: the client whose requests are counted runs there. */
export const clientNode = "client";

export type CentralNode = (typeof centralNodes)[number];
export type LoadMasterNode = (typeof loadMasterNodes)[number];
export type WebNode = (typeof webNodes)[number];
/** A machine that faults may befall. */
export type FaultyNode = CentralNode | LoadMasterNode | WebNode;
export type LabNode = FaultyNode | typeof clientNode;

export const faultyNodes: readonly FaultyNode[] = [...centralNodes, ...loadMasterNodes, ...webNodes];
export const labNodes: readonly LabNode[] = [...faultyNodes, clientNode];

export const labPrefixLength = 24;
/** Each machine's own address on its `eth0`. */
export const addressOf: Readonly<Record<LabNode, string>> = {
  central1: "10.213.0.11",
  central2: "10.213.0.12",
  lm1: "10.213.0.21",
  lm2: "10.213.0.22",
  web1: "10.213.0.31",
  web2: "10.213.0.32",
  web3: "10.213.0.33",
  client: "10.213.0.41",
};
/** The address that the LoadMaster pair shares. */
export const sharedAddress = "10.213.0.20";
export const labNetwork = "10.213.0.0/24";

export const centralApiPort = 8443;
export const loadMasterApiPort = 443;
export const webPort = 80;
export const servicePort = 80;

export const isCentralNode = (node: LabNode): node is CentralNode =>
  (centralNodes as readonly string[]).includes(node);
export const isLoadMasterNode = (node: LabNode): node is LoadMasterNode =>
  (loadMasterNodes as readonly string[]).includes(node);
export const isWebNode = (node: LabNode): node is WebNode => (webNodes as readonly string[]).includes(node);

/** The namespace of a machine; `sw` is the switch. */
export const namespaceOf = (lab: string, node: LabNode | "sw"): string => `tandem-${lab}-${node}`;
/** The beginning of every namespace's name in a lab. */
export const namespacePrefix = (lab: string): string => `tandem-${lab}-`;

/** Checks a lab's name: it becomes part of the names of namespaces and folders. */
export function parseLabName(name: string): Result<string, FieldError> {
  if (/^[a-z][a-z0-9]{0,11}$/.test(name)) return ok(name);
  return err({
    code: "lab-name-malformed",
    field: "name",
    value: name,
    message: `"${name}" cannot name a lab`,
    remedy: "use 1 to 12 lower-case letters and digits, beginning with a letter",
  });
}

/** Checks the name of a machine that a fault is asked for. */
export function parseFaultyNode(field: string, text: string): Result<FaultyNode, FieldError> {
  const node = faultyNodes.find((candidate) => candidate === text);
  if (node !== undefined) return ok(node);
  return err({
    code: "lab-node-unknown",
    field,
    value: text,
    message:
      text === clientNode
        ? "the client watches; it cannot be made to fail"
        : `the lab has no machine "${text}" that can fail`,
    remedy: `name one of ${faultyNodes.join(", ")}`,
  });
}
