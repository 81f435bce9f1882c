/** Templates of virtual services. What a file holds is each maker's own. */
import { type Area, data, refused } from "../case.ts";

const full = { vs: "$full" } as const;

export const templates: Area = {
  name: "templates",
  cases: [
    {
      name: "a service as a file",
      from: "API 3.6.3.1",
      ask: { command: "exportvstmplt", with: full },
      expect: { is: "file" },
    },
    {
      name: "the templates that there are",
      from: "API 3.6.3.3",
      ask: { command: "listtemplates" },
      expect: data(),
    },
    {
      name: "what is no template is not installed",
      from: "API 3.6.3.2",
      ask: { command: "uploadtemplate", with: { data: "$noPem64" } },
      expect: refused(422),
    },
    {
      name: "an unknown template is not removed",
      from: "API 3.6.3.4",
      ask: { command: "deltemplate", with: { name: "conformance none" } },
      expect: refused(422),
    },
    {
      name: "a template without a name",
      from: "API 3.6.3.4",
      ask: { command: "deltemplate" },
      expect: refused(400),
    },
    {
      name: "a service of an unknown template",
      from: "API 3.6.3",
      ask: {
        command: "addvs",
        with: { vs: "$service", port: "$free3", prot: "tcp", template: "conformance none" },
      },
      expect: refused(422),
    },
    {
      name: "an empty template is none",
      from: "API 3.6.3",
      ask: {
        command: "addvs",
        with: { vs: "$service", port: "$free3", prot: "tcp", Enable: "N", template: "" },
      },
      expect: data({ VStype: "gen" }),
      after: [{ command: "delvs", with: { vs: "$service", port: "$free3", prot: "tcp" } }],
    },
    {
      name: "an unknown service is not exported",
      from: "API 3.6.3.1",
      ask: { command: "exportvstmplt", with: { vs: 99_999 } },
      expect: refused(422, "Unknown VS"),
    },
  ],
};
