"""The pytorch-lightning side of training: the step, the data of each epoch, the callbacks."""

import time
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor
from torchmetrics import MeanMetric
from torchmetrics.classification import BinaryF1Score

from imdb_train.augmentation import Augmentation
from imdb_train.batches import EvaluationBatches, LabelledReviews, TrainingBatches
from imdb_train.models import Model
from imdb_train.recipes import Recipe

Batch = tuple[Tensor, Tensor, Tensor]
# Each process seeds its dropout this far from the next, each epoch one further.
_SEEDS_A_PROCESS = 1_000_003


class TrainingModule(pl.LightningModule):
    """Binary cross-entropy on logits with Adam.

    Dropout is seeded anew from (seed, epoch) as each epoch begins, and so is the order of the
    batches: training that goes on from an epoch's checkpoint gives the numbers it would have given
    without the interruption.
    """

    def __init__(self, model: Model, recipe: Recipe) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self.train_loss = MeanMetric()
        self.val_loss = MeanMetric()
        self.val_f1 = BinaryF1Score()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam on all weights, those of n-grams at a rate of their own."""
        ngrams = self.model.ngrams
        groups: list[dict[str, Any]] = [
            {"params": [p for n, p in self.model.named_parameters() if not n.startswith("ngrams.")]}
        ]
        if ngrams is not None:
            groups.append({"params": list(ngrams.parameters()), "lr": self.recipe.ngram_lr})
        return torch.optim.Adam(groups, lr=self.recipe.lr, fused=True)

    def on_train_epoch_start(self) -> None:
        """Seed what is random within the epoch."""
        torch.manual_seed(
            self.recipe.seed + self.current_epoch + self.global_rank * _SEEDS_A_PROCESS
        )

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """The mean loss of a batch."""
        loss, _logits = self._loss(batch)
        self.train_loss.update(loss.detach(), len(batch[2]))
        return loss

    def on_before_optimizer_step(self, _: torch.optim.Optimizer) -> None:
        """Keep the embedding as it is for the first ``freeze_epochs`` epochs.

        Its gradient is dropped, not its ``requires_grad``, on which distributed training relies.
        """
        if self.current_epoch < self.recipe.freeze_epochs:
            self.model.embedding.weight.grad = None

    def validation_step(self, batch: Batch, _: int) -> None:
        """Add a batch to the validation figures."""
        loss, logits = self._loss(batch)
        self.val_loss.update(loss, len(batch[2]))
        self.val_f1.update(torch.sigmoid(logits), batch[2])

    def on_validation_epoch_end(self) -> None:
        """Publish the epoch's figures, over the whole set and all processes."""
        # Over all processes already; sync_dist says so to Lightning.
        self.log("train_loss", self.train_loss.compute(), sync_dist=True)
        self.train_loss.reset()
        self.log("val_loss", self.val_loss, prog_bar=True)
        self.log("val_f1", self.val_f1, prog_bar=True)

    def _loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        ids, lengths, labels = batch
        logits = self.model(ids, lengths)
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels), logits


class TrainingData(pl.LightningDataModule):
    """The batches of each epoch, this process's part of them."""

    def __init__(
        self,
        training: LabelledReviews,
        validation: LabelledReviews,
        recipe: Recipe,
        augmentation: Augmentation,
    ) -> None:
        super().__init__()
        self._training, self._validation, self._recipe = training, validation, recipe
        self._augmentation = augmentation

    def train_dataloader(self) -> TrainingBatches:
        """The batches of the current epoch; asked for anew at each."""
        trainer = self._trainer()
        return TrainingBatches(
            self._training,
            self._recipe.batch_size,
            augmentation=self._augmentation,
            seed=self._recipe.seed,
            epoch=trainer.current_epoch,
            part=trainer.global_rank,
            parts=trainer.world_size,
        )

    def val_dataloader(self) -> EvaluationBatches:
        """The validation reviews."""
        trainer = self._trainer()
        return EvaluationBatches(
            self._validation, part=trainer.global_rank, parts=trainer.world_size
        )

    def _trainer(self) -> pl.Trainer:
        if self.trainer is None:
            raise RuntimeError("the data module is not attached to a trainer")
        return self.trainer


class History(Callback):
    """One row an epoch: losses, validation F1, seconds; kept in the checkpoint with the rest."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self._started = 0.0

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Add the epoch's row."""
        figures = {
            name: float(trainer.callback_metrics[name])
            for name in ("train_loss", "val_loss", "val_f1")
        }
        seconds = time.perf_counter() - self._started
        self.rows.append({"epoch": trainer.current_epoch + 1, **figures, "seconds": seconds})

    def state_dict(self) -> dict[str, Any]:
        """The rows, for the checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The rows of the checkpoint."""
        self.rows = state_dict["rows"]


class ProgressLines(Callback):
    """A line an epoch on stderr, where there is no terminal to draw a bar on."""

    def __init__(self, history: History, write: Any) -> None:
        self._history, self._write = history, write

    def on_train_epoch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Write the line."""
        if trainer.is_global_zero:
            row = self._history.rows[-1]
            self._write(
                f"epoch {row['epoch']:.0f}/{trainer.max_epochs}: train loss {row['train_loss']:.4f}"
                f", validation loss {row['val_loss']:.4f}, F1 {row['val_f1']:.4f}"
                f", {row['seconds']:.0f} s"
            )
