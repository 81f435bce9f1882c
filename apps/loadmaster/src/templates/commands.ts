/** The commands that keep templates of virtual services. */
import { ok } from "@tandem/base/result";
import { completedOk } from "@tandem/loadmaster-api/envelope";
import { changeShared } from "../api/change-shared.ts";
import type { Handlers } from "../api/dispatch.ts";
import { findService } from "../services/edit.ts";
import { withShared } from "../state/document.ts";
import type { Unit } from "../unit.ts";
import { templateFileOf, templateOf, withoutTemplate, withTemplates } from "./templates.ts";

type TemplateCommand = "listtemplates" | "uploadtemplate" | "deltemplate" | "exportvstmplt";

export function templateHandlers(unit: Unit): Pick<Handlers, TemplateCommand> {
  return {
    listtemplates: async () =>
      ok({
        template: (unit.document.shared.templates ?? []).map(({ name, comment = "" }) => ({
          name,
          comment,
          certified: false,
        })),
      }),
    async uploadtemplate({ data }, caller) {
      const file = Buffer.from(data, "base64");
      const made = await unit.change(caller, (document) => {
        const next = withTemplates(document.shared, file);
        return next.ok
          ? ok({ document: withShared(document, next.value.shared), value: next.value.count })
          : next;
      });
      if (!made.ok) return made;
      const { value, revision } = made.value;
      return ok({ message: `Installed ${value} new template${value === 1 ? "" : "s"}.`, revision });
    },
    async deltemplate({ name }, caller) {
      const made = await changeShared(unit, caller, (shared) => withoutTemplate(shared, name));
      return made.ok ? ok({ message: completedOk, ...made.value }) : made;
    },
    async exportvstmplt(values) {
      const { shared } = unit.document;
      const found = findService(shared, values);
      if (!found.ok) return found;
      const { sub: _sub, ...service } = found.value;
      const template = templateOf(shared, service);
      return ok({
        data: templateFileOf(template).toString("base64"),
        filename: `${template.name.replace(/[^A-Za-z0-9._-]+/g, "_")}.tmpl`,
      });
    },
  };
}
