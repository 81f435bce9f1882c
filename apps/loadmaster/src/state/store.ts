/**
 * `<stateDir>/configuration.json`, mode 0600: replaced whole, so that a crash leaves the old or the new one. A file that
 * cannot be read stops the unit instead of being overwritten.
 */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { schemaFaults } from "@tandem/base/schema-faults";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";
import { digestOf, servicesText, type UnitDocument, UnitDocumentSchema } from "./document.ts";

/** Superseded documents beyond this many are removed, oldest first. */
export const supersededMax = 20;
const supersededStart = "configuration.superseded-";

export class DocumentStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get path(): string {
    return join(this.#directory, "configuration.json");
  }

  /** The document on disk; null when there has never been one. */
  async load(): Promise<Result<UnitDocument | null, FieldError>> {
    let text: string;
    try {
      text = await readFile(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return ok(null);
      return err(this.#fault((error as Error).message));
    }
    try {
      const file = JSON.parse(text) as { digest?: unknown; document?: unknown };
      const [fault] = schemaFaults(UnitDocumentSchema, file.document, { whole: "the document" });
      if (fault !== undefined) return err(this.#fault(fault.message));
      const document = file.document as UnitDocument;
      return file.digest === digestOf(document.shared)
        ? ok(document)
        : err(this.#fault("its digest does not match its content"));
    } catch (error) {
      return err(this.#fault((error as Error).message));
    }
  }

  /** On disk when it resolves. */
  save(document: UnitDocument): Promise<void> {
    return writeFileAtomically(this.path, this.#text(document), 0o600);
  }

  /** Keeps a document that the partner's is about to replace; the name of the file. */
  async keepSuperseded(document: UnitDocument, at: Date): Promise<string> {
    const name = `${supersededStart}${at.toISOString().replaceAll(":", "-")}.json`;
    await writeFileAtomically(join(this.#directory, name), this.#text(document), 0o600);
    const kept = (await readdir(this.#directory)).filter((each) => each.startsWith(supersededStart)).sort();
    for (const old of kept.slice(0, -supersededMax)) await rm(join(this.#directory, old), { force: true });
    return name;
  }

  /** For people to read, but a line for each service: their texts are known already. */
  #text(document: UnitDocument): string {
    const { services, ...rest } = document.shared;
    const digest = digestOf(document.shared);
    const place = `services of ${digest}`;
    const outline = { digest, document: { ...document, shared: { services: place, ...rest } } };
    const text = JSON.stringify(outline, null, 2).replace(`"${place}"`, () =>
      services.length === 0 ? "[]" : `[\n${servicesText(services, ",\n")}\n]`,
    );
    return `${text}\n`;
  }

  #fault(reason: string): FieldError {
    return {
      code: "state-unreadable",
      field: "stateDir",
      value: this.path,
      message: `${this.path} cannot be used: ${reason}`,
      remedy: "put back a backup of the file, or move it away to begin with an empty unit",
    };
  }
}
