import { Bullseye, Spinner } from "@patternfly/react-core";

/** Stands where something is still being read. */
export const Waiting = () => (
  <Bullseye>
    <Spinner aria-label="Loading" />
  </Bullseye>
);
