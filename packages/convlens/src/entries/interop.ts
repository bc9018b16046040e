export * from "@convlens/interop";
