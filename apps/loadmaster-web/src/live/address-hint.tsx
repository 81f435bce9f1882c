import { Alert } from "@patternfly/react-core";
import { useLive } from "./live.tsx";
import { ownAddress, pagesAt } from "./read-only.ts";

/** Where that is changed which this address only shows (SPEC LH6). */
export function AddressHint() {
  const { view } = useLive();
  if (view === null || view.setup !== "pair") return null;
  const shared = view.sharedAddress ?? "";
  return view.here === "shared address" ? (
    <Alert
      variant="info"
      isInline
      isPlain
      title="You are at the shared address: the pair is configured here."
    >
      What belongs to one unit is set at its own address:{" "}
      {(view.squares ?? []).map(({ unit, address, self }) => (
        <span key={unit}>
          <a href={pagesAt(address)}>{`${unit} ${address}`}</a>
          {self ? " (active) " : " "}
        </span>
      ))}
    </Alert>
  ) : (
    <Alert
      variant="info"
      isInline
      isPlain
      title={`You are at this unit's own address ${ownAddress(view)}: only what is its own is set here.`}
    >
      The pair is configured at the shared address <a href={pagesAt(shared)}>{shared}</a>.
    </Alert>
  );
}
