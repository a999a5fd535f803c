#!/usr/bin/python3
"""Golden values of torch's optimisers and schedules, in float64. Writes optimizers.json beside itself.

Run by Debian's /usr/bin/python3 (python3-torch 1.13.1). Parameters and gradients come from `scatter`, as in test/ops/numeric.ts.
"""
import json
import os
import numpy as np
import torch


def scatter(length, key, amplitude):
    x = 43758.5453 * np.sin(12.9898 * (np.arange(length, dtype=np.float64) + 1) + 78.233 * key)
    return torch.from_numpy(amplitude * (2 * (x - np.floor(x)) - 1))


def trajectory(make):
    """Two parameters of 5 and 3 values after 6 steps; the learning rate falls to a tenth after 3."""
    parameters = [torch.nn.Parameter(scatter(5, 1, 1)), torch.nn.Parameter(scatter(3, 2, 1))]
    optimizer = make(parameters)
    for step in range(6):
        if step == 3:
            for group in optimizer.param_groups:
                group["lr"] /= 10
        parameters[0].grad = scatter(5, 10 + step, 1)
        parameters[1].grad = scatter(3, 20 + step, 1)
        optimizer.step()
    return [value for parameter in parameters for value in parameter.tolist()]


class Lars(torch.optim.Optimizer):
    """Layer-wise adaptive rate scaling as SimCLR has it: the rate inside of the velocity, vectors neither decayed nor scaled."""

    def __init__(self, parameters, lr, momentum, weight_decay, trust):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, trust=trust))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                update = parameter.grad.clone()
                if parameter.dim() > 1:
                    update += group["weight_decay"] * parameter
                    weights, length = torch.linalg.vector_norm(parameter), torch.linalg.vector_norm(update)
                    if weights > 0 and length > 0:
                        update *= group["trust"] * weights / length
                velocity = self.state[parameter].setdefault("velocity", torch.zeros_like(parameter))
                velocity.mul_(group["momentum"]).add_(update, alpha=group["lr"])
                parameter.sub_(velocity)


def lars_trajectory(**options):
    """A matrix, a filter, a vector and a matrix of zeros after 6 steps; the learning rate falls to a tenth after 3."""
    shapes = [(2, 3), (1, 2, 2, 2), (3,), (2, 2)]
    values = [scatter(int(np.prod(shape)), i + 1, 1 if i < 3 else 0).reshape(shape) for i, shape in enumerate(shapes)]
    parameters = [torch.nn.Parameter(value) for value in values]
    optimizer = Lars(parameters, **options)
    for step in range(6):
        if step == 3:
            optimizer.param_groups[0]["lr"] /= 10
        for i, (parameter, shape) in enumerate(zip(parameters, shapes)):
            parameter.grad = scatter(parameter.numel(), 10 * (i + 1) + step, 1).reshape(shape)
        optimizer.step()
    velocities = [optimizer.state[parameter]["velocity"] for parameter in parameters]
    return {
        "parameters": [parameter.flatten().tolist() for parameter in parameters],
        "velocities": [velocity.flatten().tolist() for velocity in velocities],
    }


def rates(epochs, make):
    """Rate at the start of each epoch."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.03)
    scheduler = make(optimizer)
    result = []
    for _ in range(epochs):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return result


def plateau_losses():
    """A validation loss that falls, stalls, falls by less than the threshold and rises."""
    return [2.0, 1.5, 1.4, 1.40001, 1.39995, 1.41, 1.38, 1.5, 1.5, 1.5, 1.5, 1.2, 1.2, 1.19999, 1.2, 1.2, 1.3, 1.3, 1.3, 1.3, 1.3, 1.1] + [1.1] * 12


def plateau(lr, **options):
    """Rate after each look."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", **options)
    result = []
    for loss in plateau_losses():
        optimizer.step()
        scheduler.step(loss)
        result.append(optimizer.param_groups[0]["lr"])
    return result


def warm(then):
    schedule = torch.optim.lr_scheduler
    return lambda optimizer: schedule.SequentialLR(
        optimizer, [schedule.LinearLR(optimizer, start_factor=0.01, total_iters=4), then(optimizer)], milestones=[4]
    )


def multi_step(milestones):
    return lambda optimizer: torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, gamma=0.1)


def cosine(steps, final):
    return lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, eta_min=final)


golden = {
    "source": f"optimizers.py with torch {torch.__version__}, float64",
    "sgd": trajectory(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05)),
    "sgdPlain": trajectory(lambda p: torch.optim.SGD(p, lr=0.1)),
    "adam": trajectory(lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.05)),
    "lars": lars_trajectory(lr=0.5, momentum=0.9, weight_decay=0.05, trust=0.1),
    "larsPlain": lars_trajectory(lr=0.5, momentum=0, weight_decay=0, trust=0.001),
    "plateauLosses": plateau_losses(),
    "plateauAuthors": plateau(0.001, factor=0.5, patience=5),
    "plateauQuick": plateau(0.03, factor=0.1, patience=1, threshold=0.01),
    # torch leaves rates alone that would change by less than 1e-8.
    "plateauTiny": plateau(3e-8, factor=0.5, patience=0),
    "multiStep": rates(500, multi_step([325, 425])),
    "cosine": rates(21, cosine(20, 0.003)),
    # torch counts an inner schedule's milestones from the end of the warm-up; ours are epochs of the run.
    "multiStepWarm": rates(12, warm(multi_step([3, 6]))),
    "cosineWarm": rates(21, warm(cosine(16, 0))),
}
golden["multiStep"] = [[epoch, golden["multiStep"][epoch]] for epoch in (0, 1, 324, 325, 326, 424, 425, 499)]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimizers.json"), "w") as file:
    json.dump(golden, file, indent=1)
    file.write("\n")
