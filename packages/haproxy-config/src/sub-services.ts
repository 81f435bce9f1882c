/**
 * How a service chooses among its SubVS. The first rule that matches names those that come into question, as with
 * servers (content-switching.ts); among several the lot decides by weight, of those that have a live server. The outcome
 * is the number of a SubVS in the variable `txn.sub`.
 */
import { availableWords } from "./checks.ts";
import type { SubService, VirtualService } from "./model.ts";
import { type Conditions, choosingRules } from "./rules.ts";
import { type Directive, directive, keyword, keywords, type Origin, type Word } from "./syntax.ts";

/** A case of the choice: the condition behind `if`, absent for everything else, and the SubVS that it is between. */
type Case = { readonly condition?: readonly Word[]; readonly between: readonly SubService[] };

export function choiceDirectives(
  service: VirtualService,
  conditions: Conditions,
  origin: Origin,
): Directive[] {
  const cases = casesOf(service.subServices ?? [], conditions);
  const set = (variable: string, value: string, when: readonly Word[]): Directive =>
    directive(
      service.mode === "http" ? "http-request" : "tcp-request content",
      [
        ...keywords(`set-var(txn.${variable}) ${value}`),
        ...(when.length === 0 ? [] : [keyword("if"), ...when]),
      ],
      origin,
    );
  const unset = (variable: string): Word[] => keywords(`!{ var(txn.${variable}) -m found }`);
  return [
    ...cases.map(({ condition }, index) =>
      set("case", `int(${index})`, [...(condition ?? []), ...unset("case")]),
    ),
    ...cases.flatMap(({ between }, index) => {
      const inCase = keywords(`{ var(txn.case) -m int ${index} }`);
      const [only, ...others] = between;
      if (only === undefined) return [];
      if (others.length === 0) return [set("sub", `int(${only.index})`, inCase)];
      // Weights of the live ones are added up; a dead one adds nothing, so that no number falls to it.
      return [
        set("w0", "int(0)", inCase),
        ...between.flatMap((each, at) => [
          set(`w${at + 1}`, `var(txn.w${at})`, inCase),
          set(`w${at + 1}`, `int(${weightOf(service, each)}),add(txn.w${at})`, [
            ...inCase,
            ...availableWords(each),
          ]),
        ]),
        set("lot", `${service.schedule === "sh" ? "src,djb2" : "rand"},mod(txn.w${between.length})`, inCase),
        ...between.map((each, at) =>
          set("sub", `int(${each.index})`, [
            ...inCase,
            ...keywords(`{ var(txn.lot),sub(txn.w${at + 1}) lt 0 }`),
            ...unset("sub"),
          ]),
        ),
      ];
    }),
  ];
}

/** What stands behind `if` for requests of one SubVS. */
export const isChosen = ({ index }: SubService): Word[] => keywords(`{ var(txn.sub) -m int ${index} }`);

const weightOf = ({ schedule }: VirtualService, { weight }: SubService): number =>
  schedule === "wrr" ? weight : 1;

function casesOf(subServices: readonly SubService[], conditions: Conditions): Case[] {
  const usable = subServices.filter(({ enabled }) => enabled);
  const having = (name: string): SubService[] =>
    usable.filter(({ chosenBy = [] }) =>
      chosenBy.some((rule) => (rule === "default" ? rule : rule.name) === name),
    );
  const standing = having("default");
  return [
    ...choosingRules(usable.map(({ chosenBy }) => chosenBy)).map((rule) => ({
      condition: conditions.words(rule),
      between: having(rule.name),
    })),
    {
      between: standing.length > 0 ? standing : usable.filter(({ chosenBy = [] }) => chosenBy.length === 0),
    },
  ];
}
