export * from "@convlens/backend/conformance";
