export * from "@convlens/backend-reference";
