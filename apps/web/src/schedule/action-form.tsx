import {
  Checkbox,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  Panel,
  PanelMain,
  PanelMainBody,
  TextInput,
} from "@patternfly/react-core";
import { ApiError } from "@tandem/central-api/call";
import { routes } from "@tandem/central-api/routes";
import type { ScheduledAction, ScheduledActionNew } from "@tandem/central-api/schedule";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { scheduledActionsQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { changedOf } from "../form/changed.ts";
import { ownTimeZone, timeZones } from "../form/time-zones.ts";
import { useRowTag } from "../form/use-row-tag.ts";
import type { Written } from "../ha/written-alert.tsx";
import type { Called } from "./called.ts";
import { type Repeats, readTiming, type Timing, timingAtFirst, weekdays, whenOf } from "./timing.ts";

type Props = {
  /** The one to change; null for a new one. */
  readonly action: ScheduledAction | null;
  readonly devices: readonly Called[];
  readonly onWritten: (written: Written) => void;
  readonly onClose: () => void;
};

const fields = ["name", "when/once", "when/cron", "when/timeZone"];
/** From so many devices on, a list of them can be narrowed. */
const narrowedFrom = 10;

/** Adds or changes a scheduled action (SPEC CH9). */
export function ActionForm({ action, devices, onWritten, onClose }: Props) {
  const [name, setName] = useState(action?.name ?? "");
  const [kind, setKind] = useState(action?.kind ?? "backup");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(action?.devices));
  const [timing, setTiming] = useState(() =>
    action ? readTiming(action.when) : timingAtFirst(ownTimeZone()),
  );
  const [missedRule, setMissedRule] = useState(action?.missedRule ?? "run once late");
  const [ifUnknown, setIfUnknown] = useState(action?.ifUnknown ?? "leave it to the operator");
  const [enabled, setEnabled] = useState(action?.enabled ?? true);
  const client = useQueryClient();
  const body: ScheduledActionNew = {
    name: name.trim(),
    kind,
    devices: [...chosen],
    when: whenOf(timing),
    missedRule,
    ifUnknown,
    enabled,
  };
  const [before] = useState(body);
  const withTag = useRowTag(action?.tag, async () => {
    const query = { ...scheduledActionsQuery, staleTime: 0 };
    const { scheduledActions } = await client.fetchQuery(query);
    return scheduledActions.find(({ id }) => id === action?.id)?.tag;
  });
  const send = async (): Promise<void> => {
    if (action === null) {
      const { acknowledged } = await call(routes.addScheduledAction, { body });
      onWritten({ what: `“${body.name}” is scheduled`, acknowledged });
      return;
    }
    // A time that stands is not sent: it may lie behind us, and it would look no further back than now.
    const params = { id: action.id };
    const { acknowledged } = await withTag((tag) =>
      call(routes.changeScheduledAction, {
        params,
        body: changedOf(before, body),
        ...(tag === undefined ? {} : { tag }),
      }),
    );
    onWritten({ what: `“${body.name}” is changed`, acknowledged });
  };
  return (
    <FormDialogue
      title={action === null ? "Schedule an action" : `Change “${action.name}”`}
      action={action === null ? "Schedule" : "Change"}
      isDisabled={name.trim() === "" || chosen.size === 0}
      fields={[...fields, ...devicePlaces(chosen)]}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          <TextField
            id="action-name"
            label="Name"
            value={name}
            onChange={setName}
            error={errorOf(error, "name")}
            required
          />
          <SelectField
            id="action-kind"
            label="Action"
            value={kind}
            onChange={setKind}
            options={[
              ["backup", "Backup"],
              ["reboot", "Reboot"],
            ]}
            help={
              kind === "backup"
                ? "The device's configuration is fetched, kept by its digest, and can be downloaded."
                : "The device restarts; one of an HA pair hands over first."
            }
          />
          <DeviceChoice
            devices={devices}
            chosen={chosen}
            onChange={setChosen}
            error={deviceError(error, [...chosen])}
          />
          <TimingFields timing={timing} onChange={setTiming} error={error} />
          <SelectField
            id="action-missed"
            label="If its time passed while no unit could run it"
            value={missedRule}
            onChange={setMissedRule}
            options={[
              ["run once late", "Run once, late"],
              ["skip", "Skip it"],
            ]}
          />
          <SelectField
            id="action-unknown"
            label="If it was interrupted and the device cannot tell whether it took effect"
            value={ifUnknown}
            onChange={setIfUnknown}
            options={[
              ["leave it to the operator", "Leave it to the operator"],
              ["run again", "Run it again"],
            ]}
          />
          <Checkbox
            id="action-enabled"
            label="Enabled"
            isChecked={enabled}
            onChange={(_, isChecked) => setEnabled(isChecked)}
          />
        </>
      )}
    </FormDialogue>
  );
}

const devicePlaces = (chosen: ReadonlySet<string>): string[] =>
  ["devices"].concat([...chosen].map((_, index) => `devices/${index}`));

function deviceError(error: unknown, chosen: readonly string[]): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return [...devicePlaces(new Set(chosen))]
    .map((field) => errorOf(error, field))
    .find((text) => text !== undefined);
}

function DeviceChoice({
  devices,
  chosen,
  onChange,
  error,
}: {
  readonly devices: readonly Called[];
  readonly chosen: ReadonlySet<string>;
  readonly onChange: (chosen: ReadonlySet<string>) => void;
  readonly error: string | undefined;
}) {
  const [text, setText] = useState("");
  const known = new Set(devices.map(({ id }) => id));
  const gone = [...chosen].filter((id) => !known.has(id));
  const listed = [
    ...devices.map(({ id, name, address }) => ({ id, label: `${name || id} at ${address}` })),
    ...gone.map((id) => ({ id, label: `${id}, which is no longer in the tree` })),
  ].filter(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
  const choose = (id: string, isChosen: boolean): void => {
    const next = new Set(chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    onChange(next);
  };
  return (
    <FormGroup label={`Devices (${chosen.size} chosen)`} role="group" fieldId="action-devices" isRequired>
      {devices.length >= narrowedFrom && (
        <TextInput
          aria-label="Narrow the list of devices"
          placeholder="Name or address"
          value={text}
          onChange={(_, value) => setText(value)}
        />
      )}
      <Panel variant="bordered" isScrollable>
        <PanelMain maxHeight="12rem">
          <PanelMainBody>
            {listed.map(({ id, label }) => (
              <Checkbox
                key={id}
                id={`action-device-${id}`}
                label={label}
                isChecked={chosen.has(id)}
                onChange={(_, isChecked) => choose(id, isChecked)}
              />
            ))}
            {listed.length === 0 &&
              (devices.length === 0 ? "There is no device yet: add one first." : "No device is called so.")}
          </PanelMainBody>
        </PanelMain>
      </Panel>
      {error !== undefined && (
        <FormHelperText>
          <HelperText isLiveRegion>
            <HelperTextItem variant="error">{error}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}

const repeatWords: readonly (readonly [Repeats, string])[] = [
  ["once", "Once"],
  ["daily", "Each day"],
  ["weekly", "Each week"],
  ["monthly", "Each month"],
  ["cron", "As a cron expression says"],
];

function TimingFields({
  timing,
  onChange,
  error,
}: {
  readonly timing: Timing;
  readonly onChange: (timing: Timing) => void;
  readonly error: unknown;
}) {
  const { repeats } = timing;
  const field = (name: keyof Timing) => ({
    id: `action-${name}`,
    value: timing[name],
    onChange: (value: string) => onChange({ ...timing, [name]: value }),
  });
  const zones = useMemo(
    () => timeZones(timing.timeZone).map((zone) => [zone, zone] as const),
    [timing.timeZone],
  );
  const ofCron = errorOf(error, "when/cron");
  return (
    <>
      <SelectField
        id="action-repeats"
        label="When"
        value={repeats}
        options={repeatWords}
        onChange={(next) => onChange({ ...timing, repeats: next })}
      />
      {repeats === "once" && (
        <TextField
          {...field("once")}
          label="Date and time"
          type="datetime-local"
          error={errorOf(error, "when/once")}
          required
        />
      )}
      {repeats === "weekly" && (
        <SelectField
          {...field("weekday")}
          label="Weekday"
          options={weekdays.map((name, index) => [String(index), name] as const)}
        />
      )}
      {repeats === "monthly" && (
        <TextField
          {...field("dayOfMonth")}
          label="Day of the month"
          type="number"
          help="1 to 31; a month without that day is passed over"
          error={ofCron}
        />
      )}
      {(repeats === "daily" || repeats === "weekly" || repeats === "monthly") && (
        <TextField
          {...field("time")}
          label="Time"
          type="time"
          error={repeats === "monthly" ? undefined : ofCron}
          required
        />
      )}
      {repeats === "cron" && (
        <TextField
          {...field("cron")}
          label="Cron expression"
          help="Minute, hour, day of month, month, day of week: 30 3 * * 1-5 is at 3:30 from Monday to Friday"
          error={ofCron}
          required
        />
      )}
      <SelectField
        {...field("timeZone")}
        label="Time zone"
        options={zones}
        error={errorOf(error, "when/timeZone")}
      />
    </>
  );
}
