// The version of this build: that of package.json, and a test says so.

export const VERSION = "0.1.0";
