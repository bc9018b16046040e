n = 64
values = torch.sin(torch.arange(n * 36.0)).reshape(n, 1, 6, 6)
sums = values.sum((1, 2, 3), keepdim=True).reshape(n, 1)
data = torch.utils.data.TensorDataset(values, sums)
train, validation = torch.utils.data.random_split(data, [48, 16])
net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(3):
    total, absolute = 0, 0
    for x, y in torch.utils.data.DataLoader(train, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        output = net(x)
        loss = torch.nn.functional.mse_loss(output, y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        absolute += (output - y).abs().sum().item()
    print(total / len(train), absolute / len(train))
    with torch.no_grad():
        x, y = validation[:]
        error = net(x) - y
        print((error**2).mean().item(), error.abs().mean().item(), 1 - ((error**2).sum() / ((y - y.mean()) ** 2).sum()).item())
