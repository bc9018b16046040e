export * from "@convlens/analysis";
