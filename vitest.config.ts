import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "test/**/*.test.ts",
      "starter/**/*.test.ts",
      "scripts/**/*.test.ts",
    ],
    globalSetup: "test/support/global-setup.ts",
    reporters: ["default", "./test/support/closing-line-reporter.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Worker pools and child processes of the tests need the second core.
    maxWorkers: 2,
  },
});
