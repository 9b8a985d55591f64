"""Making and changing outlines: areas and their algebra, edges of the image, motion between images, agreement.

Plain functions of points and pixels (numpy, shapely, OpenCV); no files, no Qt.
"""
