export * from "@convlens/analysis/render";
