/** Whom this unit notifies (SPEC CH25): settings of its own, in a file beside its state, secrets sealed. */
import { randomBytes } from "node:crypto";
import type { Json } from "@tandem/base/canonical-json";
import {
  type NotificationChange,
  type NotificationNew,
  notificationTargetsMax,
} from "@tandem/central-api/notifications";
import { Database } from "@tandem/storage/database";
import { DocumentStore, documentMigrations } from "@tandem/storage/document-store";
import type { SecretBox } from "@tandem/storage/secret-box";
import { Refusal } from "../refusal.ts";
import { syslogAddress } from "./deliver.ts";

export type Target = {
  readonly id: string;
  readonly name: string;
  readonly kind: "webhook" | "syslog";
  readonly address: string;
  readonly severity: "info" | "warning" | "error";
  readonly enabled: boolean;
  /** Empty: none. */
  readonly secret: string;
  readonly certificateAuthority: string;
};

const prefix = "target/";

export class Targets {
  readonly #database: Database;
  readonly #documents: DocumentStore;
  readonly #box: SecretBox;
  /** In memory too: telling what happened must not depend on the disk that it happened to. */
  #targets: readonly Target[];

  constructor(path: string, box: SecretBox) {
    this.#database = new Database(path, documentMigrations);
    this.#documents = new DocumentStore(this.#database);
    this.#box = box;
    this.#targets = this.#load();
  }

  list(): readonly Target[] {
    return this.#targets;
  }

  #load(): readonly Target[] {
    return this.#documents.list(prefix).map(({ name, value }) => {
      const kept = value as unknown as Target;
      return { ...kept, secret: kept.secret === "" ? "" : this.#box.open(name, kept.secret) };
    });
  }

  /** Throws the refusal for one that is not there. */
  get(id: string): Target {
    const target = this.list().find((each) => each.id === id);
    if (target) return target;
    throw new Refusal(404, {
      code: "target-unknown",
      field: "id",
      value: id,
      message: `there is no notification target "${id}"`,
      remedy: "read the list of targets",
    });
  }

  add(wanted: NotificationNew): Target {
    if (this.list().length >= notificationTargetsMax)
      throw new Refusal(400, {
        code: "too-many",
        field: "",
        message: `there are ${notificationTargetsMax} notification targets already`,
        remedy: "remove one first",
      });
    return this.#keep({
      severity: "warning",
      enabled: true,
      secret: "",
      certificateAuthority: "",
      ...wanted,
      id: randomBytes(8).toString("hex"),
    });
  }

  change(id: string, change: NotificationChange): Target {
    return this.#keep({ ...this.get(id), ...change });
  }

  remove(id: string): void {
    this.#documents.set(`${prefix}${this.get(id).id}`, null);
    this.#targets = this.#load();
  }

  close(): void {
    this.#database.close();
  }

  #keep(target: Target): Target {
    refuseUnfit(target);
    const name = `${prefix}${target.id}`;
    const secret = target.secret === "" ? "" : this.#box.seal(name, target.secret);
    this.#documents.set(name, { ...target, secret } as unknown as Json);
    this.#targets = this.#load();
    return target;
  }
}

function refuseUnfit({ kind, address }: Target): void {
  const isRight =
    kind === "webhook"
      ? URL.canParse(address) && new URL(address).protocol === "https:"
      : syslogAddress(address) !== undefined;
  if (isRight) return;
  throw new Refusal(400, {
    code: "address-malformed",
    field: "address",
    value: address,
    message: `"${address}" is no address for a ${kind}`,
    remedy:
      kind === "webhook"
        ? "give a URL that begins with https://"
        : "give HOST or HOST:PORT, for example 192.0.2.50:514",
  });
}
