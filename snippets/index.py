# --8<-- [start:half]
import torch

x = torch.tensor([1.0, 4.0, 4.0], requires_grad=True)
torch.max(x).backward()
print(x.grad)
# --8<-- [end:half]
assert x.grad.tolist() == [0.0, 0.5, 0.5]

# --8<-- [start:nan]
x = torch.tensor(0.0, requires_grad=True)
y = torch.where(x > 0, torch.sqrt(x), 0.0)  # sqrt is not chosen
y.backward()
print(y.item(), x.grad.item())
# --8<-- [end:nan]
assert y.item() == 0.0 and x.grad.isnan()

# --8<-- [start:zero]
x = torch.tensor(0.0, requires_grad=True)
y = torch.relu(x) - torch.relu(-x)  # this is x, for every x
y.backward()
print(x.grad.item())
# --8<-- [end:zero]
assert x.grad.item() == 0.0
torch.manual_seed(0)
# claim: relu(x) - relu(-x) is x for every x
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    x = torch.tensor([0.0, -0.0, 0.3, -7, 6e4, -6e-8, torch.inf, -torch.inf])
    x = torch.cat([x, torch.randn(1001)]).to(dtype)
    assert torch.equal(torch.relu(x) - torch.relu(-x), x)
    assert (torch.relu(x.new_full((1,), torch.nan))).isnan()
