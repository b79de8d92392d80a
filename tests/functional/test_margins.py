import torch

from mmnoisy.functional.margins import margins, small_loss


def test_margins_of_half_precision_logits():
    logits = torch.tensor([[1.5, -2.0, 1.25], [0.0, 0.0, -70000.0]]).half()
    assert margins(logits, torch.tensor([2, 1])).tolist() == [-0.25, 0.0]


def test_margins_of_negative_logits_are_to_the_largest_other_one():
    logits = torch.tensor([[-1.0, -3.0, -2.0], [-4.0, -5.0, -4.5]])
    assert margins(logits, torch.tensor([0, 1])).tolist() == [1.0, -1.0]


def test_small_loss_of_nothing_and_of_ties():
    assert len(small_loss(torch.zeros(0), 0.5)) == 0
    assert small_loss(torch.ones(4), 0.5).tolist() == [0, 1]
