/**
 * Well-known models to train and to analyse.
 *
 * @module
 */
export { alexNet, type AlexNetOptions } from "./alexNet.ts";
export { convNetJsCifar, convNetJsMnist } from "./convNetJs.ts";
export { lenet5, type LeNet5Options } from "./lenet5.ts";
export { resnet18 } from "./resnet18.ts";
export { vgg16 } from "./vgg16.ts";
