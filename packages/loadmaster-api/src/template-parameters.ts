/** Parameters of the commands that keep templates of virtual services. */
import { type Parameter, printable } from "./parameters.ts";
import { serviceReference } from "./service-parameters.ts";

export const templatesMax = 100;
/** Of one file, in bytes. */
export const templateFileMaxBytes = 256 * 1024;

export const templateNamePattern = printable(127);
const nameType = {
  kind: "text",
  pattern: templateNamePattern,
  allowed: "a template's name as listtemplates shows it",
} as const;

export const templateReference = [
  { name: "name", type: nameType, required: true, about: "the template's name" },
] as const satisfies readonly Parameter[];

export const templateUpload = [
  {
    name: "data",
    type: {
      kind: "text",
      pattern: /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/,
      allowed: "the file in base64; in v1 the file is the body of the POST as it is",
      secret: true,
    },
    required: true,
    about: "a file that exportvstmplt has made, in base64; v1: the body of the POST, as it is",
  },
] as const satisfies readonly Parameter[];

export const templateExport = serviceReference;

/** What `addvs` takes beyond `modvs`. */
export const serviceAdditions = [
  {
    name: "template",
    type: nameType,
    emptyIsAbsent: true,
    about: "a template that the service is made of; what is given beside it counts more",
  },
] as const satisfies readonly Parameter[];
