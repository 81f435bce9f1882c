/**
 * What a unit asks a Central, over HTTPS to the one key that is pinned (SPEC ML7). Each call has a bound in time, whatever
 * the Central does, and its answer one in size.
 */
import type { IncomingMessage } from "node:http";
import { fits } from "@tandem/base/check";
import { err, ok, type Result } from "@tandem/base/result";
import type { Static, TSchema } from "@tandem/base/schema";
import { second } from "@tandem/base/time";
import { ApiError, readAnswer, wireRequest } from "@tandem/central-api/call";
import type { LicenceTypesAnswer } from "@tandem/central-api/licensing";
import { licensingRoutes } from "@tandem/central-api/licensing-routes";
import { FingerprintMismatch, pinnedTransport, readFingerprint } from "@tandem/central-api/pinned-https";
import type { CallOf, Route } from "@tandem/central-api/routes";
import type { Answer, CentralAddress, Send } from "@tandem/licensing/unit-licence";
import { LicenceCheck, LicenceGrant, licenceDocument } from "@tandem/licensing/wire";
import { readDocument } from "@tandem/signed-documents/signed-document";

export const callTimeoutMs: number = 10 * second;
/** Two signed documents at most, and what stands around them. */
export const answerMaxBytes: number = 128 * 1024;

type CallFault = Extract<Answer, { kind: "refused" | "no-answer" | "not-trusted" }>;
type Called<Value> = Result<Value, CallFault>;

const noAnswer = (reason: string): CallFault => ({ kind: "no-answer", reason });
const notTrusted = (reason: string): CallFault => ({ kind: "not-trusted", reason });

/** `resolve`: the address that this unit knows a host by. */
export class CentralCalls {
  readonly #resolve: (host: string) => string;
  readonly #timeoutMs: number;
  readonly #abandoned = new AbortController();

  constructor(resolve: (host: string) => string, timeoutMs = callTimeoutMs) {
    this.#resolve = resolve;
    this.#timeoutMs = timeoutMs;
  }

  /** Whoever waits for an answer waits no longer: the unit stops. */
  abandon(): void {
    this.#abandoned.abort();
  }

  /** SHA-256 of the TLS key that is shown there now. */
  async fingerprint(host: string, port: number): Promise<Called<string>> {
    try {
      return ok(await readFingerprint({ host: this.#resolve(host), port }, this.#timeoutMs));
    } catch (error) {
      return err(noAnswer((error as Error).message));
    }
  }

  types(central: CentralAddress): Promise<Called<Static<typeof LicenceTypesAnswer>>> {
    return this.#call(central, licensingRoutes.licenceTypes, {});
  }

  /** Sends a signed request; documents in the answer have been read, and their signatures fit. */
  async send(
    send: Send,
    request: string,
    management: { readonly user: string; readonly password: string },
  ): Promise<Answer> {
    const { central } = send;
    switch (send.purpose) {
      case "activate": {
        const called = await this.#call(central, licensingRoutes.activateLicence, {
          body: { request, management },
        });
        if (!called.ok) return called.error;
        const { grant: text } = called.value;
        // The grant names its own Central's key, and what that is worth is judged with what is pinned.
        const read = await readDocument(text, {
          type: licenceDocument.grant,
          schema: LicenceGrant,
          keys: "any",
        });
        return read.ok
          ? { kind: "granted", grant: read.value.claims, text, key: read.value.key }
          : notTrusted(`the grant: ${read.error.message}`);
      }
      case "check": {
        const called = await this.#call(central, licensingRoutes.checkLicence, {
          body: { request, grant: send.grant },
        });
        if (!called.ok) return called.error;
        const read = await readDocument(called.value.check, {
          type: licenceDocument.check,
          schema: LicenceCheck,
          keys: [send.key],
        });
        return read.ok
          ? { kind: "checked", check: read.value.claims }
          : notTrusted(`its answer: ${read.error.message}`);
      }
      case "release": {
        const called = await this.#call(central, licensingRoutes.releaseLicence, { body: { request } });
        return called.ok ? { kind: "released" } : called.error;
      }
    }
  }

  async #call<R extends Route & { readonly answer: TSchema }>(
    { address, port, certificateFingerprint }: CentralAddress,
    route: R,
    call: CallOf<R>,
  ): Promise<Called<Static<R["answer"]>>> {
    const transport = pinnedTransport(
      { host: this.#resolve(address), port },
      certificateFingerprint,
      () => ({}),
      undefined,
      this.#timeoutMs,
    );
    // One that sends a byte now and then is given up as well.
    let timer: NodeJS.Timeout | undefined;
    let giveUp = (): void => {};
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`it did not answer within ${this.#timeoutMs / second} s`)),
        this.#timeoutMs,
      );
      giveUp = () => reject(new Error("the unit stops"));
      this.#abandoned.signal.addEventListener("abort", giveUp);
    });
    late.catch(() => {});
    try {
      const work = transport.stream(wireRequest(route, call)).then(async (response) => ({
        status: response.statusCode ?? 0,
        body: await boundedText(response),
      }));
      work.catch(() => {});
      const value = readAnswer(route, await Promise.race([work, late]));
      return fits(route.answer, value)
        ? ok(value as Static<R["answer"]>)
        : err(notTrusted("it does not answer as a Central does; look at its address and port"));
    } catch (error) {
      return err(faultOf(error as Error));
    } finally {
      clearTimeout(timer);
      this.#abandoned.signal.removeEventListener("abort", giveUp);
      transport.close();
    }
  }
}

async function boundedText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > answerMaxBytes) throw new Error(`its answer is longer than ${answerMaxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function faultOf(error: Error): CallFault {
  if (error instanceof FingerprintMismatch)
    return notTrusted(
      `it shows a TLS key with the fingerprint ${error.seen}, and ${error.expected} is the one that is trusted; if the Central was installed anew, give its fingerprint with aslfingerprint`,
    );
  if (!(error instanceof ApiError)) return noAnswer(error.message);
  const [first] = error.errors;
  const { code, message, remedy, value } = first ?? {};
  if (typeof code !== "string" || typeof message !== "string") return noAnswer(`HTTP ${error.status}`);
  if (code === "not-understood") return notTrusted(`${message}; ${remedy}`);
  return {
    kind: "refused",
    code,
    message,
    remedy: typeof remedy === "string" ? remedy : "",
    lastNumber: code === "number-not-greater" && Number.isSafeInteger(value) ? (value as number) : null,
  };
}
