import {
  Alert,
  Card,
  CardBody,
  CardTitle,
  Content,
  ProgressStep,
  ProgressStepper,
  Stack,
} from "@patternfly/react-core";
import type { PairingKind, PairingStep, PairingView } from "@tandem/loadmaster-api/pairing";

const titles: { readonly [Kind in PairingKind]: string } = {
  pair: "Making a pair",
  replace: "Taking a new unit in the place of the partner",
  dissolve: "Ending the pair",
};

const variants = { waiting: "pending", running: "info", done: "success", failed: "danger" } as const;

/** How far the procedure is that runs, or how the last one ended: each step in the unit's words. */
export function StepsCard({ view }: { readonly view: PairingView }) {
  const { kind, state, steps, outcome, backups } = view;
  if (kind === null) return null;
  return (
    <Card>
      <CardTitle component="h2">
        {titles[kind]}
        {state === "running" ? "" : state === "done" ? ": done" : ": failed"}
      </CardTitle>
      <CardBody>
        <Stack hasGutter>
          <ProgressStepper isVertical aria-label="Steps of the procedure">
            {steps.map((step) => (
              <ProgressStep
                key={step.name}
                id={`step-${step.name}`}
                titleId={`step-${step.name}-title`}
                variant={variants[step.state]}
                isCurrent={step.state === "running"}
                description={describe(step)}
                aria-label={`${step.about}: ${step.state}`}
              >
                {step.about}
              </ProgressStep>
            ))}
          </ProgressStepper>
          {outcome !== "" && (
            <Alert variant={state === "done" ? "success" : "danger"} isInline isLiveRegion title={outcome} />
          )}
          {backups.length > 0 && (
            <Content component="small">Backups on this unit's disk: {backups.join(", ")}</Content>
          )}
        </Stack>
      </CardBody>
    </Card>
  );
}

const describe = ({ state, detail, remedy }: PairingStep): string =>
  [state === "waiting" || state === "done" ? "" : state, detail, remedy]
    .filter((part) => part !== "")
    .join(". ");
