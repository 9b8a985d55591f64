"""The tools of the canvas, and the keys they have in labelme."""

from __future__ import annotations

from PySide6.QtCore import Qt

from aln_desk.gui.canvas.brush_tool import BrushTool, EraserTool
from aln_desk.gui.canvas.draw_tools import (
    CircleTool,
    EllipseTool,
    LineTool,
    OrientedRectangleTool,
    PointTool,
    RectangleTool,
)
from aln_desk.gui.canvas.live_edge_tool import LiveEdgeTool
from aln_desk.gui.canvas.path_tools import LineStripTool, PointsTool, PolygonTool
from aln_desk.gui.canvas.select_tool import SelectTool
from aln_desk.gui.canvas.tools import Tool

TOOLS: tuple[type[Tool], ...] = (
    Tool,
    SelectTool,
    PolygonTool,
    LiveEdgeTool,
    BrushTool,
    EraserTool,
    RectangleTool,
    OrientedRectangleTool,
    CircleTool,
    EllipseTool,
    LineTool,
    LineStripTool,
    PointTool,
    PointsTool,
)
KEYS = {Qt.Key.Key_N: "polygon", Qt.Key.Key_P: "polygon", Qt.Key.Key_R: "rectangle", Qt.Key.Key_J: "select"}
"""With Ctrl."""
