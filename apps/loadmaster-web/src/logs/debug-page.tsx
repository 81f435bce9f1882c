import { ActionGroup, Alert, Button, Card, CardBody, CardTitle, Content, Form } from "@patternfly/react-core";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Problems } from "@tandem/web-components/form/problems";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { keepFile } from "../api/keep-file.ts";
import { bytesOf } from "../api/read-file.ts";
import { command, type Parameters } from "../api/transport.ts";
import { useLack } from "../session/use-lack.ts";
import { Said } from "./said.tsx";

/** Looks at the machine that need no more than their name. */
export const lookCommands = [
  ["logging.meminfo", "Memory"],
  ["logging.cpuinfo", "Processors"],
  ["logging.df", "File systems"],
  ["logging.ps", "Processes"],
  ["logging.ifconfig", "Network devices"],
  ["logging.netstat", "Sockets"],
  ["logging.interrupts", "Interrupts"],
  ["logging.partitions", "Partitions"],
  ["logging.lsmod", "Kernel modules"],
  ["logging.slabinfo", "Kernel caches"],
] as const;

/** Beyond what the unit lets the slowest of them take. */
const withinMs = 75_000;
const captureWithinMs = 620_000;

/** What was typed; what was left empty is left out. */
const given = (values: Parameters): Parameters =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));

export function DebugPage() {
  return (
    <PageFrame title="Debug Options">
      <HostCard />
      <TopCard />
      <LookCard />
      <CaptureCard />
      <ResetCard />
    </PageFrame>
  );
}

type CardProps = {
  readonly title: string;
  readonly action: string;
  readonly fields: readonly string[];
  readonly isReady?: boolean;
  /** What is shown; null where there is nothing to show. */
  readonly run: () => Promise<string | null>;
  readonly children: (error: unknown) => ReactNode;
};

/** A form whose answer stands beneath it. */
function RunCard({ title, action, fields, isReady = true, run, children }: CardProps) {
  const lacks = useLack("logging.ping");
  const running = useMutation({ mutationFn: run });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    running.mutate();
  };
  return (
    <Card>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>
        <Form aria-label={title} onSubmit={submit}>
          {lacks !== null && <Content component="p">{lacks}</Content>}
          <Problems error={running.error} fields={fields} />
          {children(running.error)}
          <ActionGroup>
            <Button
              type="submit"
              variant="secondary"
              isLoading={running.isPending}
              isDisabled={lacks !== null || !isReady || running.isPending}
            >
              {action}
            </Button>
          </ActionGroup>
          {typeof running.data === "string" && <Said label={`Answer of ${title}`}>{running.data}</Said>}
        </Form>
      </CardBody>
    </Card>
  );
}

function HostCard() {
  const [how, setHow] = useState<"ping" | "ping6" | "traceroute">("ping");
  const [addr, setAddr] = useState("");
  const [intf, setIntf] = useState("");
  const run = async () => {
    const whom = given({ addr: addr.trim(), ...(how === "traceroute" ? {} : { intf: intf.trim() }) });
    switch (how) {
      case "ping":
        return (await command("logging.ping", whom, withinMs)).message;
      case "ping6":
        return (await command("logging.ping6", whom, withinMs)).message;
      case "traceroute":
        return (await command("logging.traceroute", whom, withinMs)).message;
    }
  };
  return (
    <RunCard
      title="Reach a host"
      action="Try"
      fields={["addr", "intf"]}
      isReady={addr.trim() !== ""}
      run={run}
    >
      {(error) => (
        <>
          <SelectField
            id="host-how"
            label="By"
            value={how}
            options={[
              ["ping", "Ping"],
              ["ping6", "Ping over IPv6"],
              ["traceroute", "Traceroute"],
            ]}
            onChange={setHow}
          />
          <TextField
            id="host-addr"
            label="Host"
            value={addr}
            onChange={setAddr}
            required
            help="An address or a name"
            error={errorOf(error, "addr")}
          />
          <TextField
            id="host-intf"
            label="Interface"
            value={intf}
            onChange={setIntf}
            help="Its number; the machine chooses without. Of ping alone"
            error={errorOf(error, "intf")}
          />
        </>
      )}
    </RunCard>
  );
}

function TopCard() {
  const [iterations, setIterations] = useState("1");
  const [interval, setInterval] = useState("1");
  const [threads, setThreads] = useState(false);
  const [mem, setMem] = useState(false);
  return (
    <RunCard
      title="Top"
      action="Run top"
      fields={["iterations", "interval"]}
      run={async () =>
        (await command("logging.top", given({ iterations, interval, threads, mem }), withinMs)).message
      }
    >
      {(error) => (
        <>
          <TextField
            id="top-iterations"
            label="Iterations"
            value={iterations}
            onChange={setIterations}
            help="1 to 30"
            error={errorOf(error, "iterations")}
          />
          <TextField
            id="top-interval"
            label="Seconds between"
            value={interval}
            onChange={setInterval}
            help="1 to 30; all together at most 60 s"
            error={errorOf(error, "interval")}
          />
          <CheckField id="top-threads" label="Threads" isChecked={threads} onChange={setThreads} />
          <CheckField id="top-mem" label="In the order of memory" isChecked={mem} onChange={setMem} />
        </>
      )}
    </RunCard>
  );
}

function LookCard() {
  const [what, setWhat] = useState<(typeof lookCommands)[number][0]>("logging.meminfo");
  return (
    <RunCard
      title="Look at the machine"
      action="Look"
      fields={[]}
      run={async () => (await command(what, {}, withinMs)).message}
    >
      {() => <SelectField id="look-what" label="At" value={what} options={lookCommands} onChange={setWhat} />}
    </RunCard>
  );
}

const emptyCapture = { interface: "0", maxpackets: "", maxtime: "", port: "", address: "", tcpoptions: "" };
const captureFields: readonly (readonly [name: keyof typeof emptyCapture, label: string, help: string])[] = [
  ["interface", "Interface", "Its number, or all"],
  ["maxpackets", "Packets at most", "1 to 200000; 10000 without"],
  ["maxtime", "Seconds at most", "1 to 600; 10 without"],
  ["port", "Port", "Only packets of this port"],
  ["address", "Address", "Only packets of this host"],
  ["tcpoptions", "Filter", "As of pcap-filter(7), such as udp"],
];

function CaptureCard() {
  const [draft, setDraft] = useState(emptyCapture);
  return (
    <RunCard
      title="Capture packets"
      action="Capture"
      fields={captureFields.map(([name]) => name)}
      run={async () => {
        const { filename, data } = await command("logging.tcpdump", given(draft), captureWithinMs);
        keepFile(filename, bytesOf(data));
        return null;
      }}
    >
      {(error) =>
        captureFields.map(([name, label, help]) => (
          <TextField
            key={name}
            id={`capture-${name}`}
            label={label}
            value={draft[name]}
            onChange={(value) => setDraft((now) => ({ ...now, [name]: value }))}
            help={help}
            error={errorOf(error, name)}
          />
        ))
      }
    </RunCard>
  );
}

function ResetCard() {
  const lacks = useLack("logging.resetstats");
  const [isAsking, setAsking] = useState(false);
  const [isDone, setDone] = useState(false);
  return (
    <Card>
      <CardTitle component="h2">Statistics</CardTitle>
      <CardBody>
        {lacks !== null && <Content component="p">{lacks}</Content>}
        {isDone && <Alert variant="success" isInline isPlain isLiveRegion title="All counters begin anew." />}
        <Button variant="secondary" isDisabled={lacks !== null} onClick={() => setAsking(true)}>
          Reset statistics
        </Button>
        {isAsking && (
          <FormDialogue
            title="Begin all counters of this unit anew?"
            action="Reset"
            size="small"
            isDanger
            send={async () => {
              await command("logging.resetstats");
              setDone(true);
            }}
            onClose={() => setAsking(false)}
          />
        )}
      </CardBody>
    </Card>
  );
}
