/**
 * Looking inside any model: what it is, what it computes, what it has learned and why it answers as it does. Each way of
 * looking is one file, and gives data; `@convlens/analysis/render` draws it.
 *
 * @module
 */
export { windowFit, type WindowFit, type WindowFitOptions } from "./windowFit.ts";
