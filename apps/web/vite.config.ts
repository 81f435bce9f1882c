import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  // One console, cached once by its few users: a single chunk is simpler than a split one.
  build: { chunkSizeWarningLimit: 2_000 },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    css: false,
    server: { deps: { inline: [/@patternfly/] } },
  },
});
