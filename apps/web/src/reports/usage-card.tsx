import { Button, Card, CardBody, CardHeader, CardTitle, Content, Label, Stack } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { wireRequest } from "@tandem/central-api/call";
import type { MonthUsage, UsageKind, UsageLineAnswer, UsageReportAnswer } from "@tandem/central-api/metering";
import { routes } from "@tandem/central-api/routes";
import { Facts } from "../licensing/facts.tsx";

type Props = { readonly usage: MonthUsage; readonly kind: UsageKind };

const titles = { metered: "Metered licences", pool: "Pool" } as const satisfies Record<UsageKind, string>;
const nothing = {
  metered: "No LoadMaster had a metered licence",
  pool: "No LoadMaster had a licence out of the pool",
} as const satisfies Record<UsageKind, string>;

/** Moments of a report are in UTC, as its month is. */
const utc = (at: string): string => at.slice(0, 16).replace("T", " ");

/** One report of a month, and its downloads. */
export function UsageCard({ usage, kind }: Props) {
  const report = usage[kind];
  const { month, isOver } = usage;
  const file = (format: "csv" | "html") => (
    <Button
      key={format}
      component="a"
      variant="secondary"
      aria-label={`${titles[kind]}: download ${format.toUpperCase()}`}
      href={wireRequest(routes.downloadUsage, { params: { month, kind, format } }).path}
      download={`${kind}-usage-${month}.${format}`}
    >
      {`Download ${format.toUpperCase()}`}
    </Button>
  );
  return (
    <Card>
      <CardHeader hasWrap actions={{ actions: [file("csv"), file("html")], hasNoOffset: true }}>
        <CardTitle component="h2">{`${titles[kind]}, ${month}`}</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <Content component="p">
            {`${utc(report.from)} to ${utc(report.to)} UTC${isOver ? "" : ": the month is not over"}, a sample each ${usage.slotSeconds} s`}
          </Content>
          {report.lines.length === 0 ? (
            <Content component="p">{nothing[kind]}.</Content>
          ) : (
            <UsageTable report={report} />
          )}
          {kind === "metered" && <Facts label="What is billed" facts={billedFacts(report)} />}
        </Stack>
      </CardBody>
    </Card>
  );
}

const mbit = 1e6;
/** With three places, rounded up as in the files: what is shown is never less than what is counted. */
const gbpsOf = (bitsPerSecond: number): string =>
  `${(Math.ceil(bitsPerSecond / mbit) / 1_000).toFixed(3)} Gbit/s`;

const billedFacts = ({ sumBitsPerSecond, billedGbps, tierGbps, beyondTierGbps }: UsageReportAnswer) =>
  [
    ["Sum of the peaks", gbpsOf(sumBitsPerSecond ?? 0)],
    ["Billed, rounded up", <strong key="billed">{`${billedGbps ?? 0} Gbit/s`}</strong>],
    ["Tier", tierGbps === null ? "none" : `${tierGbps} Gbit/s`],
    ...(beyondTierGbps === null ? [] : [["Beyond the tier", `${beyondTierGbps} Gbit/s`] as const]),
  ] as const;

/** ML3: in parentheses that of a LoadMaster that the other Central has licensed. */
const deviceIds = ({ members }: UsageLineAnswer): string =>
  members
    .map(({ deviceId, isPeer }) => (isPeer ? `(${deviceId ?? "?"})` : String(deviceId ?? "?")))
    .join(" + ");

function UsageTable({ report: { kind, lines } }: { readonly report: UsageReportAnswer }) {
  const isPool = kind === "pool";
  return (
    <Table aria-label={`Usage: ${titles[kind]}`} variant="compact">
      <Thead>
        <Tr>
          <Th modifier="nowrap">Device ID</Th>
          <Th modifier="nowrap">LoadMaster</Th>
          {isPool && <Th modifier="nowrap">Licensed</Th>}
          <Th modifier="nowrap">Peak</Th>
          <Th modifier="nowrap">Peak at (UTC)</Th>
          {isPool && <Th modifier="nowrap">Above licence</Th>}
          <Th modifier="nowrap">Samples</Th>
          <Th modifier="nowrap">Missing samples</Th>
        </Tr>
      </Thead>
      <Tbody>
        {lines.map((line) => (
          <Tr key={line.members.map(({ unit }) => unit).join()}>
            <Td dataLabel="Device ID">{deviceIds(line)}</Td>
            <Td dataLabel="LoadMaster" modifier="breakWord">
              {line.members.map(({ name, unit }) => name || unit).join(" + ")}
              {line.members.length > 1 && <Content component="small">a pair, which counts once</Content>}
            </Td>
            {isPool && <Td dataLabel="Licensed">{`${line.licensedMbps ?? 0} Mbit/s`}</Td>}
            <Td dataLabel="Peak">
              {line.peakBitsPerSecond === null ? "no sample" : gbpsOf(line.peakBitsPerSecond)}
            </Td>
            <Td dataLabel="Peak at (UTC)">{line.peakAt === null ? "" : utc(line.peakAt)}</Td>
            {isPool && (
              <Td dataLabel="Above licence">
                {line.slotsAboveLicence === 0 ? (
                  "never"
                ) : (
                  <Label color="orange" isCompact>{`in ${line.slotsAboveLicence} samples`}</Label>
                )}
              </Td>
            )}
            <Td dataLabel="Samples">{line.samples}</Td>
            <Td dataLabel="Missing samples" modifier="breakWord">
              <Missing line={line} />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

const stretchesShownMax = 3;

function Missing({ line: { missing, missingStretches } }: { readonly line: UsageLineAnswer }) {
  if (missing === 0) return "none";
  const shown = missingStretches
    .slice(0, stretchesShownMax)
    .map(({ from, to }) => `${utc(from)} to ${utc(to)}`);
  const more = missingStretches.length - shown.length;
  return (
    <>
      <Label color="orange" isCompact>{`${missing} missing`}</Label>
      <Content component="small">
        {[...shown, ...(more > 0 ? [`and ${more} more, in the file`] : [])].join("; ")}
      </Content>
    </>
  );
}
