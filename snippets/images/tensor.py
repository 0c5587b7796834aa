# --8<-- [start:run]
import torch
from torch.nn.functional import conv2d, mse_loss, pad

photo = torch.tensor(
    [[[255, 0, 0], [0, 128, 255]]], dtype=torch.uint8
)  # H, W, C: one row of two pixels
image = photo.permute(2, 0, 1).float() / 255  # C, H, W in [0, 1]
batch = image[None].requires_grad_()  # N, C, H, W
print(tuple(photo.shape), "->", tuple(batch.shape), batch.dtype)
(batch**2).sum().backward()
print(batch.grad[0, :, 0])
# --8<-- [end:run]

# --8<-- [start:errors]
for cause in (
    lambda: photo.requires_grad_(),
    lambda: conv2d(photo.permute(2, 0, 1)[None], torch.ones(1, 3, 1, 1)),
    lambda: conv2d(photo[None].float(), torch.ones(1, 3, 1, 1)),
):
    try:
        cause()
    except RuntimeError as error:
        print(str(error)[:115])
# --8<-- [end:errors]
torch.manual_seed(0)
try:
    torch.nn.Conv2d(3, 1, 1)(photo.permute(2, 0, 1)[None])
except RuntimeError as error:
    assert "Input type (unsigned char) and bias type (float)" in str(error)
else:
    raise AssertionError


# --8<-- [start:trap-edges]
def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


square = torch.zeros(1, 1, 6, 6)
square[..., 1:5, 1:5] = 1
sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
kernels = torch.stack([sobel, sobel.T])[:, None]


def edges(x):
    """Sobel magnitude of (N, 1, H, W): NaN gradient where it is 0."""
    both = conv2d(x, kernels.to(x), padding=1)
    return both.square().sum(1, keepdim=True).sqrt()


g = gradient(edges, square)
print("NaN:", int(g.isnan().sum()), "of 36")
# --8<-- [end:trap-edges]


# --8<-- [start:fix-edges]
def edges_safe(x):
    """Sobel magnitude of (N, C, H, W): gradient 0 where it is flat."""
    x = pad(x, (1, 1, 1, 1))
    right, down = x[..., 2:] - x[..., :-2], x[..., 2:, :] - x[..., :-2, :]
    u = right[..., :-2, :] + 2 * right[..., 1:-1, :] + right[..., 2:, :]
    v = down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]
    return torch.linalg.vector_norm(torch.stack([u, v]), dim=0)


g = gradient(edges_safe, square)
print("NaN:", int(g.isnan().sum()), "largest:", f"{g.abs().max():.2f}")
# --8<-- [end:fix-edges]
torch.testing.assert_close(edges_safe(square), edges(square))
flat = edges(square) == 0
assert flat.sum() == 4
around = torch.nn.functional.max_pool2d(flat.float(), 3, 1, 1).bool()
assert torch.equal(gradient(edges, square).isnan(), around)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for value in (0.1, 0.3, 0.5, 0.7, 0.123):  # not all are exact
        gray = torch.full((1, 1, 9, 9), value, dtype=dtype)
        middle = gradient(edges_safe, gray)[..., 3:6, 3:6]
        assert not middle.any()
        pixel = gradient(lambda x: edges(x)[..., 4, 4], gray)[..., 3:6, 3:6]
        if not edges(gray)[..., 4, 4]:
            assert pixel.isnan().all()
        else:
            assert edges(gray)[..., 4, 4] < 1e-7
            assert 1.4 < pixel.abs().max() < 2.01


# --8<-- [start:trap-tv]
def total_variation(x):
    """Isotropic total variation of (N, C, H, W): NaN where it is flat."""
    right = pad(x.diff(dim=-1), (0, 1))
    down = pad(x.diff(dim=-2), (0, 0, 0, 1))
    return (right.square() + down.square()).sqrt().sum((-3, -2, -1))


g = gradient(total_variation, square)
print("NaN:", int(g.isnan().sum()), "of 36")
# --8<-- [end:trap-tv]


# --8<-- [start:fix-tv]
def total_variation_safe(x):
    """Isotropic total variation of (N, C, H, W): gradient 0 where flat."""
    right = pad(x.diff(dim=-1), (0, 1))
    down = pad(x.diff(dim=-2), (0, 0, 0, 1))
    lengths = torch.linalg.vector_norm(torch.stack([right, down]), dim=0)
    return lengths.sum((-3, -2, -1))


g = gradient(total_variation_safe, square)
print("NaN:", int(g.isnan().sum()), "largest:", f"{g.abs().max():.2f}")
# --8<-- [end:fix-tv]
torch.testing.assert_close(
    total_variation_safe(square), total_variation(square)
)
right, down = (
    pad(square.diff(dim=-1), (0, 1)),
    pad(square.diff(dim=-2), (0, 0, 0, 1)),
)
flat = (right == 0) & (down == 0)
assert flat.sum() == 21
reached = flat.clone()  # a pixel, its right and its lower neighbor
reached[..., 1:] |= flat[..., :-1]
reached[..., 1:, :] |= flat[..., :-1, :]
assert torch.equal(gradient(total_variation, square).isnan(), reached)
noise = torch.rand(6, 6, generator=torch.Generator().manual_seed(0))
assert gradient(total_variation, noise[None, None]).isfinite().all()
noise[2, 5] = noise[3, 5]  # in the last column, and so in the last row
for image in noise, noise.T:
    spoiled = gradient(total_variation, image[None, None])[0, 0].isnan()
    assert spoiled.sum() == 2 and spoiled[image == noise[2, 5]].all()


# --8<-- [start:trap-psnr]
def psnr(x, y):
    """PSNR in dB of images in [0, 1]: NaN gradient where x equals y."""
    return -10 * torch.log10(mse_loss(x, y))


g = gradient(lambda x: psnr(x, square), square)
print(psnr(square, square).item(), "NaN:", int(g.isnan().sum()), "of 36")
# --8<-- [end:trap-psnr]


# --8<-- [start:fix-psnr]
def psnr_loss(x, y, most=80.0):
    """Minus the PSNR in dB, at least -most (up to 300; gradients of float16
    up to 80): gradient 0 where x equals y."""
    dtype = torch.promote_types(x.dtype, torch.float32)  # float16: no 1e-8
    error = mse_loss(x.to(dtype), y.to(dtype))
    return 10 * torch.log10(error + 10 ** (-most / 10))


g = gradient(lambda x: psnr_loss(x, square), square)
print(round(psnr_loss(square, square).item(), 2), "NaN:", int(g.isnan().sum()))
# --8<-- [end:fix-psnr]
torch.manual_seed(0)
some, other = torch.rand(2, 2, 1, 5, 5, dtype=torch.float64)
for fix in (
    edges_safe,
    total_variation_safe,
    lambda x: psnr_loss(x, other.to(x)),
):
    leaf = some.clone().requires_grad_()
    assert torch.autograd.gradcheck(fix, leaf, check_forward_ad=True)
for fix in (
    edges_safe,
    total_variation_safe,
    lambda x: psnr_loss(x, x.detach()),
):
    assert psnr_loss(square, square) >= -80
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        for flat in (torch.zeros, torch.ones):
            g = gradient(fix, flat(2, 1, 5, 5, dtype=dtype))
            assert g.isfinite().all() and g.dtype == dtype
    leaf = torch.zeros(1, 1, 5, 5, requires_grad=True)
    (g,) = torch.autograd.grad(fix(leaf).sum(), leaf, create_graph=True)
    if fix in (edges_safe, total_variation_safe):
        (h,) = torch.autograd.grad(g.sum(), leaf)
        assert h.isnan().all()  # a second backward pass
g = gradient(lambda x: psnr_loss(x, square, 300.0), square)
assert g.isfinite().all()
small = 2.0 ** torch.arange(-24, 1)  # each as one pixel, next to black
for most, finite in ((80.0, True), (100.0, False)):
    slopes = [
        gradient(lambda x, m=most: psnr_loss(x, 0 * x.detach(), m), pixel)
        for pixel in small.half()[:, None]
    ]
    assert torch.stack(slopes).isfinite().all() == finite
assert torch.func.vmap(psnr_loss)(some.float(), other.float()).isfinite().all()
pair = torch.stack([square, 2 * square])
for fix in (edges_safe, total_variation_safe):
    one_by_one = torch.stack([fix(image) for image in pair])
    torch.testing.assert_close(torch.func.vmap(fix)(pair), one_by_one)

# --8<-- [start:normalize]
image = torch.full((1, 3, 2, 2), 0.5)
mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
print(gradient(lambda x: (x - mean) / std, image)[0, :, 0, 0])
print(gradient(lambda x: (x - x.mean()) / x.std(), image).isnan().all())


def own(x):
    return (x - x.mean()) / (x.std() + 1e-3)


g = gradient(lambda x: own(x)[0, 0, 0, 0], image)
print(f"largest: {g.max():.0f}")
# --8<-- [end:normalize]
for size in (2, 17, 224):
    for value in (0.1, 0.5, 0.7):
        image = torch.full((1, 3, size, size), value)
        g = gradient(lambda x: ((x - x.mean()) / x.std())[0, 0, 0, 0], image)
        assert g.isnan().all() or g.abs().max() > 1e6
        g = gradient(lambda x: own(x)[0, 0, 0, 0], image)
        assert g.isfinite().all() and g.abs().max() <= 1000
