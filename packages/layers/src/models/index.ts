/**
 * Well-known models to train and to analyse.
 *
 * @module
 */
export { alexNet, type AlexNetOptions } from "./alexNet.ts";
export { autoencoder, type Autoencoder, type AutoencoderOptions } from "./autoencoder.ts";
export { convNetJsCifar, convNetJsMnist } from "./convNetJs.ts";
export { dcgan, type DCGANOptions } from "./dcgan.ts";
export { lenet5, type LeNet5Options } from "./lenet5.ts";
export { mobileNetV2, type MobileNetV2Options } from "./mobileNetV2.ts";
export { resnet18, resnet50, type ResNet50Options } from "./resnet.ts";
export { resnet1d, type ResNet1dOptions } from "./resnet1d.ts";
export { squeezeNet, type SqueezeNetOptions } from "./squeezeNet.ts";
export { unet, type UNetOptions } from "./unet.ts";
export { vgg16 } from "./vgg16.ts";
