n = 16
data = torch.utils.data.TensorDataset(
    torch.zeros(n, 1, 8, 8), torch.zeros(n, 3), torch.arange(n) % 2, torch.zeros(n, 4)
)


class Detector(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten())
        self.label = torch.nn.Linear(147, 2)
        self.box = torch.nn.Linear(147, 4)

    def forward(self, image, meta):
        features = torch.cat([self.trunk(image), meta], -1)
        return self.label(features), self.box(features)


net = Detector()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
total = 0
for image, meta, label, box in torch.utils.data.DataLoader(data, batch_size=32, shuffle=True):
    optimizer.zero_grad()
    scores, corners = net(image, meta)
    loss = torch.nn.functional.cross_entropy(scores, label) + 0.5 * torch.nn.functional.huber_loss(corners, box)
    loss.backward()
    optimizer.step()
    total += loss.item() * len(image)
print(total / n)
