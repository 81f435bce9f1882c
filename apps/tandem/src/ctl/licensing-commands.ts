/** The commands about LoadMasters' licences (SPEC ML2–ML4, ML7). */
import type { LicenceShare, LicensedUnit, LicensingOverview } from "@tandem/central-api/licensing";
import { routes } from "@tandem/central-api/routes";
import { type ActivationRule, activationRules } from "@tandem/licensing/rules";
import { type Command, type CommandContext, done, word } from "./command.ts";
import { UsageError } from "./command-line.ts";
import { facts, table } from "./print.ts";

const shareWords = (share: LicenceShare | null, unit: string): string =>
  share === null
    ? "not licensed"
    : `${share.issued + share.peerIssued} of ${share.allowed}${unit} granted; here ${share.issued} of a share of ${share.share}, at the peer ${share.peerIssued} of ${share.peerShare}`;

function printOverview({
  unitName,
  unit,
  fingerprint,
  local,
  pool,
  metered,
  refuses,
}: LicensingOverview): string {
  return facts([
    ["Central", `${unitName} (${unit})`],
    ["Fingerprint", fingerprint],
    ["Local licences", shareWords(local, "")],
    ["Pool", shareWords(pool, " Mbit/s")],
    [
      "Metered",
      metered === null ? "not licensed" : `${metered.issued} granted; tier ${metered.tierGbps} Gbit/s`,
    ],
    ["Grants", refuses === null ? "yes" : `no: ${refuses}`],
  ]);
}

const ruleWords: { readonly [rule in ActivationRule]: string } = {
  open: "open, to every LoadMaster that reaches a Central",
  "known-networks": "known-networks, to LoadMasters in networks of the tree",
  closed: "closed, but to LoadMasters that are licensed already",
};

/** ML3: one that the other Central holds stands under that one's number, in parentheses. */
const deviceIdOf = ({ deviceId, isPeer }: LicensedUnit): string => (isPeer ? `(${deviceId})` : `${deviceId}`);

/** The licensing id of a LoadMaster named by it, its name or its address. */
async function unitId({ client }: CommandContext, text: string): Promise<string> {
  const { units } = await client.call(routes.listLicensedUnits);
  const found = units.filter(({ unit, name, address }) => [unit, name, address].includes(text));
  if (found.length > 1) throw new Error(`"${text}" names ${found.length} LoadMasters; give a licensing id`);
  return found[0]?.unit ?? text;
}

export const licensingCommands: { readonly [words: string]: Command } = {
  "licensing status": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.licensingOverview);
      return { value, text: printOverview(value) };
    },
  },
  "licensing list": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listLicensedUnits);
      const rows = value.units.map((each) => [
        deviceIdOf(each),
        each.name,
        each.unit,
        each.address,
        each.type,
        each.state,
        each.state === "ended" ? "-" : each.centralName,
        each.grantedAt,
        each.checkedAt ?? "-",
        each.alarm ?? each.ended ?? "",
      ]);
      return {
        value,
        text: table(
          [
            "ID",
            "NAME",
            "LICENSING ID",
            "ADDRESS",
            "TYPE",
            "STATE",
            "CENTRAL",
            "GRANTED",
            "CHECKED",
            "REMARK",
          ],
          rows,
        ),
      };
    },
  },
  "licensing rules": {
    words: 0,
    options: ["activation"],
    run: async ({ client, line }) => {
      const wanted = line.text("activation");
      if (wanted === undefined) {
        const value = await client.call(routes.licensingRules);
        return { value, text: facts([["Activation", ruleWords[value.activation]]]) };
      }
      const activation = activationRules.find((rule) => rule === wanted);
      if (activation === undefined)
        throw new UsageError(`--activation takes ${activationRules.join(", ")}, not "${wanted}"`);
      const value = await client.call(routes.changeLicensingRules, { body: { activation } });
      return { value, text: done(`activation: ${ruleWords[value.activation]}`, value.acknowledged) };
    },
  },
  "licensing recover": {
    words: 1,
    run: async (context) => {
      const unit = await unitId(context, word(context));
      const value = await context.client.call(routes.recoverLicence, { params: { unit } });
      return { value, text: done(`the licence of ${value.unit} is recovered`, value.acknowledged) };
    },
  },
  "licensing take": {
    words: 2,
    run: async (context) => {
      const [kind, amount] = [word(context), Number(word(context, 1))];
      if (kind !== "local" && kind !== "pool")
        throw new UsageError(`licensing take needs "local" or "pool", not "${kind}"`);
      if (!Number.isInteger(amount) || amount < 1)
        throw new UsageError(
          `licensing take needs a number of licences or of Mbit/s, not "${word(context, 1)}"`,
        );
      const value = await context.client.call(routes.moveLicenceShare, { body: { kind, amount } });
      const unit = kind === "local" ? "licence(s)" : "Mbit/s";
      return {
        value,
        text: `the peer gave ${value.moved} ${unit}; this Central's share is ${value.share}\n`,
      };
    },
  },
};
