"""What the keys and menus do while Annotate is on screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from aln_desk.domain.progress import Status
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL
from aln_desk.gui.actions import Actions
from aln_desk.gui.canvas import toolbox
from aln_desk.gui.workspace import Workspace

if TYPE_CHECKING:
    from aln_desk.gui.pages.annotate import AnnotatePage


_ON_A_SHAPE = (
    ("shape.relabel", "shape.duplicate", "shape.copy", "shape.to_next", "shape.lock", "shape.delete"),
    ("shape.unite", "shape.subtract", "shape.intersect", "shape.split"),
    ("shape.smooth", "shape.simplify", "shape.grow", "shape.shrink", "shape.polygon", "shape.repair"),
    ("shape.to_top", "shape.to_bottom", "shape.group", "shape.ungroup"),
)
"""What the right button offers, in groups."""


def connect_actions(page: AnnotatePage, actions: Actions, workspace: Workspace) -> None:
    """Let the page answer its actions."""
    on, editing, shapes = actions.on, page.canvas.editing, page.shapes
    page.canvas.menuRequested.connect(lambda at: shape_menu(page, actions).popup(at))
    for tool in toolbox.TOOLS[1:]:
        on(f"tool.{tool.name}", page, partial(page.choose_tool, tool.name))
    for name, operation in page.operations.by_action.items():
        on(name, page, operation)
    for digit in range(1, 10):
        on(f"label.{digit}", page, partial(shapes.choose_key, digit))
    on("label.tumour", page, partial(shapes.choose_label, TUMOUR_LABEL))
    on("label.node", page, partial(shapes.choose_label, NODE_LABEL))
    on("labels.rename", page, page.renaming.ask)
    on("labels.edit", page, page.edit_labels)
    on("shape.delete", page, editing.delete_selected)
    on("shape.duplicate", page, editing.duplicate_selected)
    on("shape.select_all", page, editing.select_all)
    on("shape.copy", page, shapes.copy)
    on("shape.paste", page, shapes.paste)
    on("shape.relabel", page, shapes.ask_label)
    on("shape.lock", page, shapes.toggle_locked)
    on("shape.hide_all", page, shapes.toggle_all_hidden)
    on("shape.to_next", page, partial(page.go_on_with_copy, 1))
    on("shape.to_back", page, partial(page.go_on_with_copy, -1))
    on("model.propose", page, page.use_model_outline)
    on("model.follow", page, page.following.ask)
    on("model.checkpoint", page, page.choose_checkpoint)
    on("image.done", page, page.done)
    on("image.review", page, partial(shapes.set_status, Status.NEEDS_REVIEW))
    on("image.reject", page, page.ask_rejection)
    on("image.no_lesion", page, shapes.toggle_no_lesion)
    on("image.clear", page, shapes.clear)
    on("go.image_next", page, workspace.next_instance)
    on("go.image_back", page, workspace.previous_instance)
    on("go.patient_next", page, workspace.next_patient)
    on("go.patient_back", page, workspace.previous_patient)
    on("go.next_to_do", page, page.list.next_to_do)


def shape_menu(page: AnnotatePage, actions: Actions) -> QMenu:
    """What can be done with the selected shapes; it deletes itself when it is left."""
    menu = QMenu(page)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for group in _ON_A_SHAPE:
        menu.addActions([actions[name] for name in group])
        menu.addSeparator()
    return menu
