import { Content, Label, List, ListItem, Popover } from "@patternfly/react-core";
import type { Square } from "@tandem/loadmaster-api/ha-view";
import { useLive } from "../live/live.tsx";
import { pagesAt } from "../live/read-only.ts";
import "./squares.css";

/** What nobody tells is not known: a square of a lost connection is grey, and says so. */
const unheard = (square: Square): Square => ({
  ...square,
  colour: "grey",
  letter: "",
  state: "unknown",
  reasons: [`This page has lost its connection to the unit; ${square.unit} was last ${square.state}`],
});

const titleOf = ({ unit, name, state }: Square): string =>
  `${unit}${name === "" ? "" : ` (${name})`}: ${state}`;

function SquareButton({ square }: { readonly square: Square }) {
  const { unit, colour, letter, reasons, address, self } = square;
  const title = titleOf(square);
  return (
    <Popover
      headerContent={title}
      bodyContent={
        <>
          {reasons.length > 0 ? (
            <List>
              {reasons.map((reason) => (
                <ListItem key={reason}>{reason}</ListItem>
              ))}
            </List>
          ) : (
            <Content component="p">All is well with it.</Content>
          )}
          {address !== "" && (
            <Content component="p">
              {self ? "The unit that answers here. Its own pages: " : "Its own pages: "}
              <a href={pagesAt(address)}>{address}</a>
            </Content>
          )}
        </>
      }
    >
      <button
        type="button"
        className={`ha-square ha-square--${colour}`}
        title={title}
        aria-label={`${title}, ${colour}${reasons.length > 0 ? `. ${reasons.join(". ")}` : ""}`}
        data-unit={unit}
      >
        {letter}
      </button>
    </Popover>
  );
}

/** HA1 at the left and HA2 at the right, as they are now (SPEC LH9). */
export function Squares() {
  const { view, connection } = useLive();
  if (view === null)
    return <Label color="grey">{connection === "lost" ? "Connection lost" : "State not known yet"}</Label>;
  const lost = connection === "lost";
  return (
    <span className="ha-squares">
      {view.squares === null ? (
        <Label color="grey">No HA</Label>
      ) : (
        view.squares.map((square) => (
          <SquareButton key={square.unit} square={lost ? unheard(square) : square} />
        ))
      )}
      {lost && <Label color="red">Connection lost</Label>}
    </span>
  );
}
