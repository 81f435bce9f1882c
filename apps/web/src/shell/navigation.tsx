import { Nav, NavExpandable, NavItem, NavList } from "@patternfly/react-core";
import { Link, useLocation } from "@tanstack/react-router";

export function Navigation() {
  const { pathname } = useLocation();
  const inSettings = pathname.startsWith("/settings");
  return (
    <Nav aria-label="Pages">
      <NavList>
        <NavItem isActive={pathname === "/" || pathname.startsWith("/devices/")}>
          <Link to="/">Networks and Devices</Link>
        </NavItem>
        <NavItem isActive={pathname === "/statistics"}>
          <Link to="/statistics">Statistics</Link>
        </NavItem>
        <NavItem isActive={pathname === "/schedule"}>
          <Link to="/schedule">Scheduled Actions</Link>
        </NavItem>
        <NavItem isActive={pathname === "/syslog"}>
          <Link to="/syslog">Syslog</Link>
        </NavItem>
        <NavExpandable title="Settings and Configuration" isExpanded isActive={inSettings}>
          <NavItem isActive={pathname === "/settings/ha"}>
            <Link to="/settings/ha">HA Configuration</Link>
          </NavItem>
          <NavItem isActive={pathname === "/settings/licensing"}>
            <Link to="/settings/licensing">LoadMaster Licensing</Link>
          </NavItem>
          <NavItem isActive={pathname === "/settings/licences"}>
            <Link to="/settings/licences">Licence Management</Link>
          </NavItem>
          <NavItem isActive={pathname === "/settings/reports"}>
            <Link to="/settings/reports">Reports</Link>
          </NavItem>
          <NavItem isActive={pathname === "/settings/synchronisation"}>
            <Link to="/settings/synchronisation">Synchronisation</Link>
          </NavItem>
          <NavItem isActive={pathname === "/settings/notifications"}>
            <Link to="/settings/notifications">Notifications</Link>
          </NavItem>
        </NavExpandable>
      </NavList>
    </Nav>
  );
}
