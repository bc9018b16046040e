n = 8
values = (torch.arange(n * 64) % 8 > 3).float().reshape(n, 1, 8, 8)
masks = values.reshape(n, 8, 8).long()
net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(4, 2, 1))
loss = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]), ignore_index=255)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
joint, union = torch.zeros(2), torch.zeros(2)
for x, y in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(values, masks), batch_size=32, shuffle=True):
    for i in range(len(x)):
        if torch.rand(1) < 0.5:
            x[i], y[i] = x[i].flip(-1), y[i].flip(-1)
        dx, dy = torch.randint(-1, 2, (2,)).tolist()
        x[i], y[i] = x[i].roll((dy, dx), (-2, -1)), y[i].roll((dy, dx), (-2, -1))
    optimizer.zero_grad()
    output = net(x)
    error = loss(output, y)
    error.backward()
    optimizer.step()
    answers = output.argmax(1)
    for c in range(2):
        joint[c] += ((answers == c) & (y == c)).sum()
        union[c] += ((answers == c) | (y == c)).sum()
    print(error.item(), (joint / union).mean().item())
