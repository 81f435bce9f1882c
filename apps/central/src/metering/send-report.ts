/** How a report reaches a destination, by the means of notifications. Rejects with an error in words. */
import { postSigned } from "../notifications/deliver.ts";
import { sendLetter } from "../notifications/email.ts";
import type { Target } from "../notifications/target.ts";
import type { ReportText } from "./report-texts.ts";
import type { ReportDestinationValues } from "./tables.ts";

export type SendReport = (destination: ReportDestinationValues, report: ReportText) => Promise<void>;

/** As a target of notifications, which says what is wrong with it and why it did not take a report. */
export function asTarget(destination: ReportDestinationValues): Target {
  const { enabledAt: _, ...values } = destination;
  return { ...values, id: destination.kind, name: "usage reports", severity: "info", tag: "" };
}

export const sendReport: SendReport = (destination, report) => {
  const { subject, text, files, id } = report;
  if (destination.kind === "webhook")
    return postSigned(destination, JSON.stringify({ id, subject, text, files }), { "idempotency-key": id });
  const domain = destination.from.split("@")[1] ?? "tandem";
  return sendLetter(destination, { subject, text, attachments: files, messageId: `<${id}@${domain}>` });
};
