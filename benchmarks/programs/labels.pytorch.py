n = 32
values = torch.sin(torch.arange(n * 64.0) ** 2)
labels = (values[: n * 3] > 0).float().reshape(n, 3)
data = torch.utils.data.TensorDataset(values.reshape(n, 64), labels)
net = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(3):
    total, right, exact = 0, 0, 0
    for x, y in torch.utils.data.DataLoader(data, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        output = net(x)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(output, y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        right += ((output > 0) == y).float().mean(1).sum().item()
        exact += ((output > 0) == y).all(1).sum().item()
    print(total / n, right / n, exact / n)
