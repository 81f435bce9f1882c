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
import { hostAndPort } from "./host-and-port.ts";

export type Target = {
  readonly id: string;
  readonly name: string;
  readonly kind: "webhook" | "syslog" | "email";
  readonly address: string;
  readonly severity: "info" | "warning" | "error";
  readonly enabled: boolean;
  /** Empty: none. */
  readonly secret: string;
  readonly certificateAuthority: string;
  /** This and what follows is of an e-mail target alone. */
  readonly security: "none" | "starttls" | "tls";
  readonly user: string;
  readonly from: string;
  readonly to: readonly string[];
};

const prefix = "target/";
const withoutEmail = { security: "starttls", user: "", from: "", to: [] } as const;
const webhookSecretMinLength = 16;

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
      return {
        ...withoutEmail,
        ...kept,
        secret: kept.secret === "" ? "" : this.#box.open(name, kept.secret),
      };
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
      ...withoutEmail,
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

const addressRemedy = {
  webhook: "give a URL that begins with https://",
  syslog: "give HOST or HOST:PORT, for example 192.0.2.50:514",
  email: "give HOST or HOST:PORT of the SMTP server, for example 192.0.2.25:587",
} as const;

const isMailbox = (text: string): boolean => /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text);

function refuseUnfit(target: Target): void {
  const { kind, address, secret } = target;
  const isRight =
    kind === "webhook"
      ? URL.canParse(address) && new URL(address).protocol === "https:"
      : hostAndPort(address, 1) !== undefined;
  if (!isRight)
    throw new Refusal(400, {
      code: "address-malformed",
      field: "address",
      value: address,
      message: `"${address}" is no address for a target of kind ${kind}`,
      remedy: addressRemedy[kind],
    });
  if (kind === "webhook" && secret !== "" && secret.length < webhookSecretMinLength)
    throw new Refusal(400, {
      code: "secret-too-short",
      field: "secret",
      message: "the secret is too short to sign with",
      remedy: `give ${webhookSecretMinLength} characters or more`,
    });
  if (kind === "email") refuseUnfitEmail(target);
}

function refuseUnfitEmail({ user, secret, from, to }: Target): void {
  for (const [field, mailboxes] of [
    ["from", [from]],
    ["to", to],
  ] as const) {
    const wrong = mailboxes.length === 0 ? "" : mailboxes.find((each) => !isMailbox(each));
    if (wrong === undefined) continue;
    throw new Refusal(400, {
      code: "mailbox-malformed",
      field,
      value: wrong,
      message: wrong === "" ? `an e-mail target needs "${field}"` : `"${wrong}" is no e-mail address`,
      remedy: "give an address like operator@example.com",
    });
  }
  if (user !== "" && secret === "")
    throw new Refusal(400, {
      code: "password-missing",
      field: "secret",
      message: `there is no password for user "${user}"`,
      remedy: "give the password, or leave the user empty",
    });
}
