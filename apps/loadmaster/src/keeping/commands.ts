/** The commands that keep a configuration outside the unit and bring it back. */
import { sha256Hex } from "@tandem/base/digest";
import { ok, type Result } from "@tandem/base/result";
import { completedOk, type Failure } from "@tandem/loadmaster-api/envelope";
import { restoreTypes } from "@tandem/loadmaster-api/keeping-parameters";
import type { Caller, Handlers } from "../api/dispatch.ts";
import { selfSignedWhere } from "../certificates/self-signed.ts";
import { type UnitDocument, withShared } from "../state/document.ts";
import type { Unit } from "../unit.ts";
import { backupOf } from "./backup.ts";
import {
  type CertificateKinds,
  certificateBackupOf,
  readCertificateBackup,
  withCertificatesOf,
} from "./certificate-backup.ts";
import { readBackup } from "./read-backup.ts";
import { restored, type Wanted } from "./restore.ts";
import { sealed } from "./sealed-file.ts";

type KeepingCommand = "backup" | "restore" | "backupcert" | "restorecert";

/** Whether a restore of this type is of what a pair shares. */
export const restoresServices = (type: unknown): boolean =>
  (Number(String(type)) & restoreTypes.services) !== 0;

export function keepingHandlers(unit: Unit): Pick<Handlers, KeepingCommand> {
  return {
    async backup({ password }) {
      const { bytes: open, revision } = unit.backup();
      const { shared, unit: own } = unit.document;
      const bytes =
        password === undefined ? open : await sealed(backupOf(shared, own, "with private keys"), password);
      return ok({
        data: bytes.toString("base64"),
        digest: sha256Hex(bytes),
        revision,
        filename: `LMBackups_${own.hostname}`,
      });
    },
    async restore({ type, data, password }, caller) {
      if ((type & (restoreTypes.geo | restoreTypes.sso)) !== 0) return notHere(type);
      const read = await readBackup(Buffer.from(data, "base64"), password);
      if (!read.ok) return read;
      const wanted = wantedBy(unit, type, caller);
      const restore = (document: UnitDocument) =>
        restored(document, read.value, wanted, (each) => unit.addressFacts(each));
      // What cannot be restored leaves no file behind; what is can be undone.
      const tried = restore(unit.document);
      if (!tried.ok) return tried;
      const file = await unit.keepDocument();
      const selfSigned = await selfSignedWhere(unit.document.shared, tried.value.document.shared);
      const made = await unit.change(caller, (document) => {
        const next = restore(document);
        if (!next.ok) return next;
        const { document: after, words } = next.value;
        return ok({ document: withShared(after, selfSigned(after.shared)), value: words });
      });
      if (!made.ok) return made;
      const { value, revision } = made.value;
      return ok({
        message: [completedOk, ...value, `what was before is kept on this unit as ${file}`].join("; "),
        revision,
      });
    },
    async backupcert({ password }) {
      const bytes = await certificateBackupOf(unit.document.shared, password);
      return ok({
        data: bytes.toString("base64"),
        digest: sha256Hex(bytes),
        filename: `LMCertificates_${unit.document.unit.hostname}`,
      });
    },
    async restorecert({ data, password, type, replace }, caller) {
      const read = await readCertificateBackup(Buffer.from(data, "base64"), password);
      if (!read.ok) return read;
      const made = await unit.change(caller, (document) => {
        const next = withCertificatesOf(
          document.shared,
          read.value,
          type as CertificateKinds,
          replace === true,
        );
        return next.ok
          ? ok({ document: withShared(document, next.value.shared), value: next.value.left })
          : next;
      });
      if (!made.ok) return made;
      const { value: left, revision } = made.value;
      const words =
        left.length === 0
          ? []
          : [`left as they are, since replace is not set: ${left.slice(0, leftToldMax).join(", ")}`];
      return ok({ message: [completedOk, ...words].join("; "), revision });
    },
  };
}

const leftToldMax = 20;

const notHere = (type: number): Result<never, Failure> => ({
  ok: false,
  error: {
    code: 422,
    message: `type: ${type} has ${(type & restoreTypes.geo) !== 0 ? "4, the GEO" : "8, the SSO"} configuration in it, and this unit has none; use 1, 2 or 3`,
  },
});

/** In a pair the parameters of both are restored at the shared address, and a unit's own at either. */
function wantedBy(unit: Unit, type: number, { localAddress }: Caller): Wanted {
  const isShared = unit.setup.kind !== "pair" || unit.addressFacts().sharedAddresses.includes(localAddress);
  return {
    services: (type & restoreTypes.services) !== 0,
    base: (type & restoreTypes.base) === 0 ? "none" : isShared ? "own and pair" : "own",
  };
}
