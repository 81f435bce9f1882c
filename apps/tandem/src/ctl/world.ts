/** What `ctl` has around it: an environment, standard input and output. Tests bring their own. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export type World = {
  readonly env: NodeJS.ProcessEnv;
  out(text: string): void;
  err(text: string): void;
  /** The next line of standard input, without its end; undefined when there is none. Not echoed on a terminal. */
  secretLine(prompt: string): Promise<string | undefined>;
  /** Resolves after so long: true to go on, false to come to an end. */
  wait(delayMs: number): Promise<boolean>;
};

/** A password: out of the file that was named, or the next line of standard input. Throws when there is none. */
export async function readSecret(
  world: World,
  prompt: string,
  file: string | undefined,
  option = "--password-file",
): Promise<string> {
  const text =
    file === undefined ? await world.secretLine(prompt) : readFileSync(file, "utf8").split("\n")[0];
  if (text === undefined || text === "")
    throw new Error(`${prompt} is missing: give it on standard input, or name a file with ${option}`);
  return text.replace(/\r$/, "");
}

/** The process's own. */
export function processWorld(): World {
  let lines: AsyncIterator<string> | undefined;
  const piped = async (): Promise<string | undefined> => {
    lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const next = await lines.next();
    return next.done ? undefined : next.value;
  };
  return {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    wait: (delayMs) => new Promise((resolve) => setTimeout(() => resolve(true), delayMs)),
    secretLine: (prompt) => (process.stdin.isTTY ? typedUnseen(prompt) : piped()),
  };
}

/** A line typed on the terminal, which shows nothing of it. */
function typedUnseen(prompt: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  stderr.write(`${prompt}: `);
  stdin.setRawMode(true).setEncoding("utf8").resume();
  return new Promise((resolve) => {
    let typed = "";
    const finish = (line: string | undefined): void => {
      stdin.setRawMode(false).pause().off("data", read);
      stderr.write("\n");
      resolve(line);
    };
    const read = (text: string): void => {
      for (const character of text) {
        if (character === "\r" || character === "\n" || character === "\u0003" || character === "\u0004") {
          // Control-C and control-D give up.
          finish(character < "\u0005" ? undefined : typed);
          return;
        }
        if (character === "\u007f" || character === "\b") typed = [...typed].slice(0, -1).join("");
        else typed += character;
      }
    };
    stdin.on("data", read);
  });
}
