/**
 * Templates: what a service is, without where it stands and without real servers and certificates, so that others can be
 * made like it, here or elsewhere. Its SubVS and content rules come along. Pure.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { err, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { isSystemCipherSet } from "@tandem/loadmaster-api/cipher-sets";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { rulesMax } from "@tandem/loadmaster-api/rule-parameters";
import { templateFileMaxBytes, templatesMax } from "@tandem/loadmaster-api/template-parameters";
import { protocolOf } from "../services/place.ts";
import {
  type SharedContent,
  type StoredRule,
  type StoredService,
  type StoredTemplate,
  StoredTemplateSchema,
} from "../state/document.ts";

export const templateFormat = "tandem-templates-1";

const FileSchema = Type.Object(
  {
    format: Type.Literal(templateFormat),
    templates: Type.Array(StoredTemplateSchema, { minItems: 1, maxItems: templatesMax }),
  },
  { additionalProperties: false },
);
type TemplateFile = Static<typeof FileSchema>;

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** Where a template's service stands: nowhere. */
const nowhere = { index: 1, address: "0.0.0.0", port: 1, servers: [] };

export function templateOf(shared: SharedContent, service: StoredService): StoredTemplate {
  const subServices = service.subServices?.map((sub, at) => ({
    ...withoutCertificates(sub),
    index: at + 1,
    servers: [],
    row: { ...sub.row, index: at + 1 },
  }));
  const made: StoredService = {
    ...withoutCertificates(service),
    ...nowhere,
    ...(subServices === undefined ? {} : { subServices }),
  };
  const used = new Set(ruleNames(made));
  const rules = (shared.rules ?? []).filter(({ name }) => used.has(name));
  return {
    name: service.nickname ?? `Virtual service ${service.index}`,
    service: made,
    ...(rules.length === 0 ? {} : { rules }),
  };
}

/** Certificates, and sets of ciphers that operators made, are this unit's. */
function withoutCertificates<Each extends Pick<StoredService, "tls">>(service: Each): Each {
  const { tls, ...rest } = service;
  if (tls === undefined) return service;
  const { authorities: _authorities, cipherSet, ...kept } = tls;
  return {
    ...rest,
    tls: {
      ...kept,
      certificates: [],
      ...(cipherSet !== undefined && isSystemCipherSet(cipherSet) ? { cipherSet } : {}),
    },
  } as unknown as Each;
}

const ruleNames = ({ rules = {}, subServices = [] }: StoredService): string[] => [
  ...Object.values(rules).flatMap((names) => names ?? []),
  ...subServices.flatMap((sub) => [
    ...Object.values(sub.rules ?? {}).flatMap((names) => names ?? []),
    ...(sub.row.rules ?? []),
  ]),
];

/** Equal templates give equal bytes. */
export const templateFileOf = (template: StoredTemplate): Buffer =>
  Buffer.from(
    `${canonicalJson({ format: templateFormat, templates: [template] } satisfies TemplateFile as unknown as Json)}\n`,
  );

/** The content with the templates of a file, and how many they were; one of the same name makes way. */
export function withTemplates(
  shared: SharedContent,
  file: Buffer,
): Result<{ readonly shared: SharedContent; readonly count: number }, Failure> {
  const read = readTemplates(file);
  if (!read.ok) return read;
  const names = new Set(read.value.map(({ name }) => name));
  if (names.size < read.value.length) return refuse("data: two templates in it have one name");
  const templates = [...(shared.templates ?? []).filter(({ name }) => !names.has(name)), ...read.value];
  if (templates.length > templatesMax)
    return refuse(`data: there would be more than ${templatesMax} templates; remove some`);
  return ok({
    count: read.value.length,
    shared: { ...shared, templates: templates.toSorted((a, b) => (a.name < b.name ? -1 : 1)) },
  });
}

function readTemplates(file: Buffer): Result<StoredTemplate[], Failure> {
  if (file.length > templateFileMaxBytes)
    return refuse(`data: the file has ${file.length} bytes; allowed are ${templateFileMaxBytes}`);
  let value: unknown;
  try {
    value = JSON.parse(file.toString("utf8"));
  } catch (error) {
    return refuse(
      `data: this is no file of exportvstmplt of this program (${(error as Error).message.slice(0, 80)}); templates of other makers cannot be read`,
    );
  }
  const [fault] = schemaFaults(FileSchema, value, { whole: "the file" });
  if (fault !== undefined) return refuse(`data: ${fault.message}; make the file with exportvstmplt`);
  return ok((value as TemplateFile).templates);
}

export function withoutTemplate(shared: SharedContent, name: string): Result<SharedContent, Failure> {
  const found = templateNamed(shared, name);
  if (!found.ok) return found;
  const { templates = [], ...rest } = shared;
  const left = templates.filter((each) => each.name !== name);
  return ok(left.length === 0 ? rest : { ...rest, templates: left });
}

export function templateNamed(
  { templates = [] }: SharedContent,
  name: string,
): Result<StoredTemplate, Failure> {
  const found = templates.find((each) => each.name === name);
  return found === undefined
    ? refuse(`Unknown template: there is no template "${name}"; listtemplates shows which there are`)
    : ok(found);
}

/** The content with the template's rules, and its service with numbers of its own in place of `blank`. */
export function serviceOfTemplate(
  shared: SharedContent,
  name: string,
  blank: StoredService,
): Result<{ readonly shared: SharedContent; readonly service: StoredService }, Failure> {
  const found = templateNamed(shared, name);
  if (!found.ok) return found;
  const { service, rules: ofTemplate = [] } = found.value;
  if (service.protocol !== blank.protocol)
    return refuse(
      `template: "${name}" is of services over ${protocolOf(service)}, and this one is over ${protocolOf(blank)}; use another one, or prot ${protocolOf(service)}`,
    );
  const rules = withRules(shared.rules ?? [], ofTemplate);
  if (!rules.ok) return rules;
  const { address, port, index } = blank;
  let nextServiceIndex = index + 1;
  let { nextServerIndex } = shared;
  const subServices = service.subServices?.map((sub) => ({
    ...sub,
    index: nextServiceIndex++,
    row: { ...sub.row, index: nextServerIndex++ },
  }));
  return ok({
    service: { ...service, index, address, port, ...(subServices === undefined ? {} : { subServices }) },
    shared: {
      ...shared,
      ...(rules.value.length === 0 ? {} : { rules: rules.value }),
      nextServiceIndex,
      nextServerIndex,
    },
  });
}

function withRules(
  present: readonly StoredRule[],
  added: readonly StoredRule[],
): Result<StoredRule[], Failure> {
  const text = (rule: StoredRule): string => canonicalJson(rule as unknown as Json);
  const other = added.find((rule) =>
    present.some((each) => each.name === rule.name && text(each) !== text(rule)),
  );
  if (other !== undefined)
    return refuse(
      `template: its rule "${other.name}" is another one than the rule of that name here; rename or remove one of them`,
    );
  const rules = [
    ...present,
    ...added.filter(({ name }) => !present.some((each) => each.name === name)),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return rules.length > rulesMax
    ? refuse(`template: there would be more than ${rulesMax} rules; remove some`)
    : ok(rules);
}
