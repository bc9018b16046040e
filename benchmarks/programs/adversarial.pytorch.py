critic = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
generator = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
critic_optimizer = torch.optim.Adam(critic.parameters())
generator_optimizer = torch.optim.Adam(generator.parameters())
cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits


def step(real):
    made = generator(torch.randn(len(real), 3))
    of_real, of_made = critic(real), critic(made.detach())
    critic_loss = cross_entropy(of_real, torch.ones_like(of_real)) + cross_entropy(of_made, torch.zeros_like(of_made))
    critic_optimizer.zero_grad()
    critic_loss.backward()
    critic_optimizer.step()
    answer = critic(made)
    generator_loss = cross_entropy(answer, torch.ones_like(answer))
    generator_optimizer.zero_grad()
    generator_loss.backward()
    generator_optimizer.step()
    return critic_loss, generator_loss


for i in range(3):
    print(step(torch.randn(8, 2))[0].item())
