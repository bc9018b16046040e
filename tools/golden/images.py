"""Small PNG and JPEG files of every kind, and their pixels as Pillow reads them; pictures resized by Pillow.

    /usr/bin/python3 tools/golden/images.py   (Debian: apt-get install python3-pil imagemagick libjpeg-turbo-progs)
"""
import base64, io, json, struct, subprocess, zlib
from pathlib import Path
from random import Random
from PIL import Image

random = Random(1)
W, H = 13, 11


def smooth(mode, width=W, height=H):
    """An image with edges in both directions; channels differ in slope."""
    channels = {"L": 1, "RGB": 3, "RGBA": 4, "LA": 2}[mode]
    image = Image.new(mode, (width, height))
    for y in range(height):
        for x in range(width):
            values = tuple((x * (17 + 5 * c) + y * (9 + 7 * c)) % 256 for c in range(channels))
            image.putpixel((x, y), values if channels > 1 else values[0])
    return image


def png(image, **options):
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def by_magick(data, *options, to="png"):
    return subprocess.run(["/usr/bin/convert-im6.q16", "png:-", *options, f"{to}:-"], input=data, stdout=subprocess.PIPE, check=True).stdout


def packed(bits):
    """A gray PNG file of 2 or 4 bits, written here because Pillow and ImageMagick do not write such files."""
    rows = b""
    for y in range(H):
        number = "".join(format((x * 5 + y * 3) % 2**bits, f"0{bits}b") for x in range(W))
        number += "0" * (-len(number) % 8)
        rows += b"\0" + bytes(int(number[i : i + 8], 2) for i in range(0, len(number), 8))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", W, H, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


gray, rgb, rgba, la = (smooth(mode) for mode in ("L", "RGB", "RGBA", "LA"))
sixteen = Image.new("I;16", (W, H))
for y in range(H):
    for x in range(W):
        sixteen.putpixel((x, y), (x * 4099 + y * 257) % 65536)
few = gray.quantize(4)
clear = rgb.quantize(6)

def cjpeg(*options, width=35, height=18, mode="RGB"):
    """A JPEG file by libjpeg's program, from a larger image, so that every subsampling has several units."""
    out = io.BytesIO()
    smooth(mode, width, height).save(out, "PPM")
    return subprocess.run(["/usr/bin/cjpeg", "-quality", "90", *options], input=out.getvalue(), stdout=subprocess.PIPE, check=True).stdout


def segments(data):
    """The segments of a JPEG file before its first scan, each with its marker, and the rest of the file."""
    at, found = 2, []
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append(data[at:end])
        at = end
    return found, data[at:]


def marked(data, adobe=None, ids=None):
    """Removes the markers of JFIF and Adobe, and adds Adobe's with the given transform and the given component names, if any."""
    head, scan = segments(data)
    head = [part for part in head if part[1] not in (0xE0, 0xEE)]
    if ids is not None:
        frame = next(i for i, part in enumerate(head) if part[1] == 0xC0)
        new = bytearray(head[frame])
        scan = bytearray(scan)
        for i, letter in enumerate(ids):
            new[10 + 3 * i] = scan[5 + 2 * i] = ord(letter)
        head[frame] = bytes(new)
    if adobe is not None:
        head.insert(0, b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([adobe]))
    return b"\xff\xd8" + b"".join(head) + bytes(scan)


def tiff(order, kind, orientation):
    """EXIF data with one entry, in the byte order "<" or ">", as a SHORT (3) or a LONG (4)."""
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *((orientation, 0) if kind == 3 else (orientation,)))
    return (b"II" if order == "<" else b"MM") + struct.pack(order + "HIHHHI", 42, 8, 1, 0x0112, kind, 1) + value + bytes(4)


def with_exif(kind, exif):
    if kind == "jpg":
        data = jpeg(rgb, quality=95, subsampling=0)
        body = b"Exif\0\0" + exif
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    data = png(rgb)
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    return data[:33] + chunk + data[33:]


held = {
    f"exif-{'little' if order == '<' else 'big'}-{'short' if kind == 3 else 'long'}.{to}": with_exif(to, tiff(order, kind, 6))
    for order in "<>"
    for kind in (3, 4)
    for to in ("jpg", "png")
}

turned = {}
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned[f"orientation{orientation}.jpg"] = jpeg(rgb, quality=95, subsampling=0, exif=exif)

files = {
    "gray.png": png(gray),
    "bits1.png": png(gray.convert("1")),
    "bits2.png": packed(2),
    "bits4.png": packed(4),
    "bits16.png": png(sixteen),
    "rgb.png": png(rgb),
    "rgb16.png": by_magick(png(rgb), "-depth", "16", "-define", "png:bit-depth=16", "-define", "png:color-type=2"),
    "rgba.png": png(rgba),
    "opacity.png": png(la),
    "palette2.png": png(few, bits=2),
    "palette8.png": png(clear),
    "palette-clear.png": png(clear, transparency=2),
    "one-colour-clear.png": png(rgb, transparency=rgb.getpixel((3, 2))),
    "interlaced.png": by_magick(png(rgb), "-interlace", "PNG", "-define", "png:color-type=2"),
    "interlaced-palette.png": by_magick(png(rgb), "-interlace", "PNG"),
    "interlaced16.png": by_magick(png(rgb), "-interlace", "PNG", "-depth", "16", "-define", "png:bit-depth=16", "-define", "png:color-type=2"),
    "interlaced-bits1.png": by_magick(png(gray.convert("1")), "-interlace", "PNG", "-define", "png:bit-depth=1", "-define", "png:color-type=0"),
    "gray.jpg": jpeg(gray, quality=95),
    "rgb.jpg": jpeg(rgb, quality=95),
    "sampled.jpg": jpeg(rgb, quality=90, subsampling=2),
    "progressive.jpg": jpeg(rgb, quality=95, subsampling=0, progressive=True),
    "cmyk.jpg": jpeg(rgb.convert("CMYK"), quality=95),
    "interlaced-bits4.png": by_magick(packed(4), "-interlace", "PNG", "-define", "png:bit-depth=4", "-define", "png:color-type=0"),
    "rgb-adobe-and-names.jpg": marked(cjpeg("-rgb"), adobe=0, ids="RGB"),
    "rgb-adobe.jpg": marked(cjpeg("-rgb"), adobe=0, ids="\1\2\3"),
    "rgb-names.jpg": marked(cjpeg("-rgb"), ids="RGB"),
    "rgb-by-libjpeg.jpg": cjpeg("-rgb"),
    "adobe-ycc.jpg": marked(cjpeg(), adobe=1),
    "unmarked.jpg": marked(cjpeg()),
    "cmyk-unmarked.jpg": marked(jpeg(rgb.convert("CMYK"), quality=95)),
    "ycck.jpg": marked(jpeg(rgb.convert("CMYK"), quality=95), adobe=2),
    **{f"sampled-{sampling}.jpg": cjpeg("-sample", sampling) for sampling in ("2x1", "1x2", "2x2", "4x1", "4x2", "2x4", "1x4", "1x1", "2x2,1x2,2x1")},
    "sampled-narrow.jpg": cjpeg("-sample", "2x2", width=3, height=5),
    "restart.jpg": cjpeg("-restart", "3B", "-sample", "2x1"),
    "restart-gray.jpg": cjpeg("-restart", "2B", "-grayscale"),
    "progressive-sampled.jpg": cjpeg("-progressive", "-sample", "2x2"),
    "progressive-restart.jpg": cjpeg("-progressive", "-restart", "1"),
    "progressive-gray.jpg": cjpeg("-progressive", "-grayscale"),
    "large-coefficients.jpg": cjpeg("-quality", "100", "-optimize"),
    "small-coefficients.jpg": cjpeg("-quality", "3"),
    **held,
    **turned,
}


def read(data):
    """Pixels from 0 to 1 on white, turned upright. Images of 8 bits without transparency are bytes in base64."""
    image = Image.open(io.BytesIO(data))
    if image.mode.startswith("I"):
        return {"height": image.height, "width": image.width, "pixels": [[round(x / 65535, 6)] * 3 for x in image.getdata()]}
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    image = image.convert("RGBA") if image.mode in ("P", "LA", "RGBA", "RGB") else image.convert("RGB").convert("RGBA")
    if image.getextrema()[3] == (255, 255):
        return {"height": image.height, "width": image.width, "bytes": base64.b64encode(image.convert("RGB").tobytes()).decode()}
    pixels = [[round(a / 255 * c / 255 + 1 - a / 255, 6) for c in (r, g, b)] for r, g, b, a in image.getdata()]
    return {"height": image.height, "width": image.width, "pixels": pixels}


resized = []
for (width, height), (to_width, to_height) in [((13, 11), (28, 28)), ((40, 61), (7, 9)), ((9, 9), (9, 4)), ((64, 3), (5, 3)), ((1, 1), (3, 2))]:
    values = [random.randrange(256) for _ in range(width * height)]
    image = Image.new("L", (width, height))
    image.putdata(values)
    small = image.convert("F").resize((to_width, to_height), Image.BILINEAR)
    resized.append(dict(width=width, height=height, values=values, toWidth=to_width, toHeight=to_height, resized=[round(x, 4) for x in small.getdata()]))

golden = {
    "files": {name: {"file": base64.b64encode(data).decode(), **(read(data))} for name, data in files.items()},
    "resized": resized,
}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print({name: len(data) for name, data in files.items()})
