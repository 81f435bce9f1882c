/** How loaded a server says it is, asked for by HTTP. */
import { get } from "node:http";
import { loadLast } from "./adaptive.ts";

/** More of an answer is not looked at. */
const answerMaxBytes = 1_024;
export const loadTimeoutMs = 4_000;

/** Undefined: there is no answer, or none that is a load. Never rejects. */
export function serverLoad(host: string, port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = get({ host, port, path, agent: false, headers: { connection: "close" } }, (answer) => {
      if (answer.statusCode !== 200) return end(undefined);
      let text = "";
      answer.setEncoding("latin1");
      answer.on("data", (part: string) => {
        text += part;
        if (text.length > answerMaxBytes) end(undefined);
      });
      answer.on("end", () => end(loadIn(text)));
      answer.on("error", () => end(undefined));
    });
    const end = (load: number | undefined): void => {
      clearTimeout(timer);
      asked.destroy();
      resolve(load);
    };
    const timer = setTimeout(() => end(undefined), loadTimeoutMs);
    asked.on("error", () => end(undefined));
  });
}

/** The first line is a whole number of 0 to 102, and nothing else. */
export function loadIn(text: string): number | undefined {
  const match = /^\s*(\d{1,3})[ \t]*(?:\r?\n|$)/.exec(text);
  const load = Number(match?.[1]);
  return match !== null && load <= loadLast ? load : undefined;
}
