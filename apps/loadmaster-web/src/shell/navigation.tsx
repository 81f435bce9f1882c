import { Nav, NavItem, NavList } from "@patternfly/react-core";
import { Link, useLocation } from "@tanstack/react-router";

/** Pages under the names that LoadMaster's users know. */
export function Navigation() {
  const { pathname } = useLocation();
  return (
    <Nav aria-label="Pages">
      <NavList>
        <NavItem isActive={pathname === "/"}>
          <Link to="/">Home</Link>
        </NavItem>
      </NavList>
    </Nav>
  );
}
