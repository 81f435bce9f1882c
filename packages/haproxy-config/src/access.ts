/**
 * Who may connect: lists of addresses and networks, of all services and of one. They stand in files of their own, which
 * HAProxy reads as a map of networks, where the smallest network that holds an address counts (configuration.txt, map_ip).
 */
import { formatCidr, networkOf, parseInterfaceCidr } from "@tandem/base/ip";
import { formatCidr6, networkOf6, parseInterfaceCidr6 } from "@tandem/base/ipv6";
import { fileOf, type RenderedFile } from "./client-tls.ts";
import type { AccessControl, AccessLists } from "./model.ts";
import { type Directive, directive, keywords, type Origin, quoted } from "./syntax.ts";

/** Of each list. */
export const accessEntriesMax = 5_000;

/** A network as it is kept, such as `10.0.0.0/8`; a lone address is a network of one. Undefined where it is none, or has host bits. */
export function networkText(text: string): string | undefined {
  const whole = text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`;
  const four = parseInterfaceCidr(whole);
  if (four !== undefined) return four.address === networkOf(four).address ? formatCidr(four) : undefined;
  const six = parseInterfaceCidr6(whole);
  if (six === undefined) return undefined;
  const written = formatCidr6(six);
  return written === formatCidr6(networkOf6(six)) ? written : undefined;
}

const isEmpty = ({ allow, block }: AccessLists): boolean => allow.length + block.length === 0;

const mapOf = ({ allow, block }: AccessLists): RenderedFile =>
  fileOf(
    "map",
    [...allow.map((each) => `${each} allowed\n`), ...block.map((each) => `${each} refused\n`)].join(""),
  );

export const accessFiles = (lists: AccessLists | undefined): RenderedFile[] =>
  lists === undefined || isEmpty(lists) ? [] : [mapOf(lists)];

/** Before anything else that a frontend does. Where there is a list of whom to allow alone, everybody else is refused. */
export function accessDirectives(
  lists: AccessLists | undefined,
  { answers }: AccessControl,
  filesDirectory: string,
  origin: Origin,
): Directive[] {
  if (lists === undefined || isEmpty(lists)) return [];
  const path = `${filesDirectory}/${mapOf(lists).name}`.replaceAll(/["\\]/g, "\\$&");
  const otherwise = lists.block.length === 0 ? "refused" : "allowed";
  return [
    directive(
      `tcp-request connection ${answers === true ? "reject" : "silent-drop"}`,
      [...keywords("if {"), quoted(`src,map_ip("${path}",${otherwise})`), ...keywords("-m str refused }")],
      origin,
    ),
  ];
}
