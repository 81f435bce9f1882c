/** The page of the documentation that says what the API can do, from the table of commands. */
import { type Command, commands } from "./commands.ts";
import { otherCommands } from "./other-commands.ts";
import type { Parameter, ParameterType } from "./parameters.ts";
import { needOf, permissions, permissionWords } from "./permissions.ts";
import { type SystemParameter, systemParameters } from "./system-parameters.ts";

/** The whole page, in Markdown. */
export const apiDocument = (): string => `# The API of a LoadMaster unit

This page is generated from the table of commands, and a test keeps it true: \`UPDATE_TRANSCRIPTS=1\` writes it anew.

Every command is there in both versions, with the same parameters and the same refusals:
- **v2**: \`POST /accessv2\` with one JSON object, of which \`cmd\` names the command; JSON comes back.
- **v1**: \`GET\` or \`POST /access/<command>?parameter=value\`; XML comes back, and a file as it is.

Who calls says so with \`apiuser\` and \`apipass\` (v1: HTTP Basic), or with \`apikey\`. Names of parameters are compared without regard to case; a boolean is Y or N, 1 or 0, yes or no, true or false. A parameter that a command does not know is disregarded; one that it knows and cannot fulfil is refused. A change of what a pair shares is made at the shared address.

## Permissions
Whoever is signed in may read. What changes something, or is more than reading, says beneath which permission it needs; the user bal has all of them, and an API key those of its user. Without \`extendedperms\`, \`vs\` stands for \`addvs\` as well.

| permission | what |
| --- | --- |
${permissions.map((each) => `| ${code(each)} | ${cell(permissionWords[each])} |`).join("\n")}

## Commands
${Object.entries<Command>(commands)
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, command]) => commandSection(name, command))
  .join("\n")}
## Parameters of \`get\` and \`set\`
| parameter | also | values | belongs to | what |
| --- | --- | --- | --- | --- |
${(systemParameters as readonly SystemParameter[]).map(systemRow).join("\n")}

## Not available
Answered with \`Unknown command\`.

| area | commands |
| --- | --- |
${otherCommands.map(({ area, names }) => `| ${area} | ${names.map(code).join(", ")} |`).join("\n")}
`;

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll("|", "\\|");

const changesInWords: { readonly [changes in Command["changes"]]: string } = {
  nothing: "Changes nothing.",
  services: "Changes what the pair shares.",
  unit: "Changes this unit, or what its parameters name.",
};

function needInWords(command: Command): string {
  const need = needOf(command);
  if (need === "anyone") return "";
  if (need === "bal") return " Only bal may.";
  const words = (typeof need === "string" ? [need] : need).map(code).join(" or ");
  const { lesser } = command;
  const also =
    lesser === undefined
      ? ""
      : `; ${code(lesser.permission)} where nothing but ${lesser.parameters.map(code).join(", ")} is given`;
  return ` Needs the permission ${words}${also}.`;
}

function commandSection(name: string, command: Command): string {
  const { about, changes, parameters } = command;
  const rows = parameters.map(
    (parameter) =>
      `| ${code(parameter.name)}${parameter.required === true ? " (required)" : ""} | ${alsoIn(parameter)} | ${valuesOf(parameter.type)} | ${cell(parameter.about)} |`,
  );
  return `### ${name}
${about[0]?.toUpperCase()}${about.slice(1)}. ${changesInWords[changes]}${needInWords(command)}
${
  rows.length === 0
    ? ""
    : `
| parameter | also | values | what |
| --- | --- | --- | --- |
${rows.join("\n")}
`
}`;
}

const scopes: { readonly [scope in SystemParameter["scope"]]: string } = {
  shared: "the pair",
  unit: "this unit",
  status: "only read",
};

const systemRow = (parameter: SystemParameter): string =>
  `| ${code(parameter.name)} | ${alsoIn(parameter)} | ${parameter.scope === "status" ? "" : valuesOf(parameter.type)} | ${scopes[parameter.scope]} | ${cell(parameter.about)} |`;

const alsoIn = ({ aliases }: Parameter): string => (aliases ?? []).map(code).join(", ");

function valuesOf(type: ParameterType): string {
  switch (type.kind) {
    case "boolean":
      return "Y or N";
    case "integer":
      return `${type.min} to ${type.max}${type.unit === undefined ? "" : ` ${type.unit}`}`;
    case "choice":
      return type.values.length === 0 ? "none yet" : type.values.map(code).join(", ");
    case "address":
      return "an IPv4 address";
    case "text":
      return cell(type.allowed);
    case "fixed":
      return `only ${type.values.map((each) => (each === "" ? "nothing" : code(each))).join(" or ")}`;
  }
}
